"""``gbfs``: a bike-share or scooter feed, polled through a local day; every snapshot is one sealed part.

**Why nothing personal is kept.** A docked product counts bicycles and free docks per station: a station is no person.
A free-floating product starts from vehicles with an id and a position. Since GBFS 2.0 ids change after each trip, so
they cannot tell how many different vehicles a place saw in an hour; but an id kept across snapshots, of a feed that
does not rotate them, would draw the trips of persons. So an id lives only while one snapshot is read, to count a
vehicle once; positions are rounded to a grid cell in the same step, and a part holds only how many vehicles stood in
each cell at that moment.
Nothing that is sealed, logged or remembered can join two snapshots.

A snapshot that is stale or was not got is a gap, and is told as one (part ``reference-gaps``); it is never a zero.
Source: MobilityData GBFS 2.3 and 3.0.
"""

from __future__ import annotations

from cityharvest.sources.gbfs.source import GbfsSource

__all__ = ["GbfsSource"]
