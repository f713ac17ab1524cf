"""Delivery: what a person approved goes out by email, once, to whom the partners table names at that time.

``approve`` records a person's word for exactly these bytes; ``plan`` says who gets what; ``compose`` makes the message
and knows no server; ``transport`` speaks SMTP; ``issued`` keeps what was sent; ``send`` puts them together. The ledger
(`kpilib.ledger`) remembers what was meant, handed over and accepted. Only packs for partners are ever looked at here:
what is internal lies where none of it reaches.
"""
