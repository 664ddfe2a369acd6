"""`airlock eval`: measures retrieval on anyone's own questions. Answers nothing itself and changes no document.

The way of one evaluation: read the questions (sets.py), bring a store of its own in line with the documents
(shelf.py), ask (asking.py), score (scores.py), and give it a shape to print, keep and compare (shapes.py).
"""
