"""The screen of a board, drawn in a browser over WebSocket."""
