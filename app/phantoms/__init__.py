"""Chest films of nobody, drawn procedurally with findings whose place is known to the pixel.

For the demo, the tests and two small networks. Knows numpy, scipy, pillow and pydicom; nothing here reads real films.
"""
