"""The patches that a page's view sends to a screen: the one contract between ``view`` and every renderer.

A page is a tree of nodes. Node ids are integers, unique within their page and never reused; id 0 is the
page's root, which always exists and has the tag ``page``; id -1 is the limbo, which always exists, too: a
parent beside the page whose children nobody sees, for content of a component that has no slot for it now. A
snapshot fills both. A patch is a list of operations for one page, applied in order. Operations are plain lists,
so that msgpack and JSON carry them unchanged:

=============================================  ==========================================================
operation                                      meaning
=============================================  ==========================================================
``["insert", parent, index, node]``            insert a node (with its whole subtree) as child ``index``
``["remove", id]``                             remove a node and its subtree
``["move", id, parent, index]``                take a node out, then insert it as child ``index``
``["text", id, string]``                       replace the text of a text node
``["set", id, name, value]``                   set an attribute or property; ``None`` removes it
``["call", id, method, arguments]``            let a component do something once; the tree stays as it is
=============================================  ==========================================================

A node is ``[id, string]`` (text) or ``[id, tag, attributes, events, children]`` (element):
Where a node may stand, a stamp may stand for many (:mod:`device_runtime.view.stamps`).
``attributes`` maps names to values (``class`` and ``style`` are strings and may contain ``rpx``; others keep
their type: ``disabled`` is a boolean, ``value`` of a slider a number); ``events`` lists the event types that
have a handler on this very node. ``data-*`` attributes and handler names stay in the worker.

``call`` is for context objects: ``play``, ``pause``, ``stop``, ``seek`` and ``playbackRate`` of ``video`` and
``audio``, ``draw`` of ``canvas`` (``docs/architecture.md``). A tree does not hold what was called: who needs it on a
screen that comes later (a drawing) calls again there.
"""

from typing import Literal, TypeAlias

from device_runtime.values import Value

ROOT_ID = 0
LIMBO_ID = -1

Node: TypeAlias = list[Value]

Operation: TypeAlias = list[Value]
OperationName = Literal["insert", "remove", "move", "text", "set", "call"]
