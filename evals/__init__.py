"""How good it is: golden questions and cases asked for real, measured and reported.

Takes an assistant and data, gives figures. The product does not know it.
"""
