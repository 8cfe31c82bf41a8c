"""The local stack behind `make up`: own PostgreSQL, Redis and Solr, the portal and its supervisor.

Boundary: it starts and configures; it holds no rule of the product. It needs only the locked wheels and jars.
"""
