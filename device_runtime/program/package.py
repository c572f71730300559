"""Reading a package (``.ma``): a ZIP file that is hostile until every byte of it is accounted for.

Layout (W3C MiniApp Packaging, https://www.w3.org/TR/miniapp-packaging/): ``manifest.json`` and ``app.js``,
``app.css`` at the root, pages under their routes, and ours: compiled templates (``*.view``), and the entries
``META-INF/digests.json`` (SHA-256 and size of every other entry) and ``META-INF/signature.json`` (an Ed25519
signature over the bytes of ``digests.json``). Entries are stored, never compressed, so a package cannot unpack to
more than it weighs, and deltas work on the file itself.
"""
