"""What has changed in a ledger since somebody looked: for whoever keeps something made of it."""

from plimsoll.ledger.storage import changes

find_version = changes.find_version
find_earliest = changes.find_earliest
list_assets = changes.list_assets
