"""The pages and routes of the portal; each module holds one blueprint."""

from __future__ import annotations

from ckanext.cityopen.views.city import city
from ckanext.cityopen.views.deliveries import deliveries
from ckanext.cityopen.views.health import health
from ckanext.cityopen.views.home import home
from ckanext.cityopen.views.mandates import mandates
from ckanext.cityopen.views.releases import releases
from ckanext.cityopen.views.sending import sending

__all__ = ["city", "deliveries", "health", "home", "mandates", "releases", "sending"]
