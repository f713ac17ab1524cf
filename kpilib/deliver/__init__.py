"""Delivery: what a person approved goes out by email, once, to whom the partners table names at that time.

``approve`` records a person's word for exactly these bytes; ``compose`` makes the message and knows no server;
``ledger`` remembers in SQLite what was meant, handed over and accepted; ``transport`` speaks SMTP; ``send`` puts
them together. Only packs for partners are ever looked at here: what is internal lies where none of it reaches.
"""
