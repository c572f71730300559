"""Tests that a program brings along: JavaScript files in its ``tests`` folder, run against the real worker.

``runner`` finds and runs the files, ``script`` runs one file's JavaScript, ``driver`` plays the user of one running
program, ``surroundings`` stands for the world outside of it, ``selectors`` finds nodes, ``report`` tells the result.
``docs/program-developer.md`` describes the API that a test is written in.
"""
