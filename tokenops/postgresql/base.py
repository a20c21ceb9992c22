"""The connection: as Django makes it, but lazy about its server and clear about its role."""

from pathlib import Path
from typing import Any

from django.db.backends.postgresql import base
from django.db.utils import OperationalError
from psycopg import OperationalError as DriverError

from tokenops import embedded
from tokenops.roles import APP_ROLE


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        """Return Django's parameters, with the socket of the embedded server where it is used.

        Asked only when a connection is opened: a command that reads no row starts no server.
        """
        parameters: dict[str, Any] = super().get_connection_params()
        if var_dir := self.settings_dict.get("EMBEDDED_IN"):
            parameters["host"] = str(embedded.use(var_dir=Path(var_dir)))
        return parameters

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Open a connection; a missing application role says how to make it."""
        try:
            return super().get_new_connection(conn_params)
        except DriverError as error:
            if f'"{APP_ROLE}"' not in str(error):
                raise
            raise OperationalError(
                f"The database has no role {APP_ROLE} yet: run manage.py migrate first."
            ) from error
