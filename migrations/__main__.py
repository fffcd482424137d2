"""``python -m migrations "what changes"``: draft the step from the migrated database to app/store/tables.py."""

import sys

from alembic import command

from app.config import Settings
from app.store.engine import connect
from app.store.migrating import configuration, migrate

settings = Settings()
migrate(settings)
config = configuration()
with connect(settings).begin() as connection:
    config.attributes["connection"] = connection
    command.revision(config, message=" ".join(sys.argv[1:]), autogenerate=True)
