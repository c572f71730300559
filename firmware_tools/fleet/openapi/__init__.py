"""The HTTP API's description: handlers carry it, requests are checked by it, the document is made of it."""
