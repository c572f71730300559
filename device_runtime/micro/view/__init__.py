"""Templates on a board: the same documents, ids and patch operations as ``device_runtime/view``, in small.

What boards do not have is refused when a template is read: components, slots and template modules.
"""
