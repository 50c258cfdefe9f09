"""PostgreSQL: settings, pool, errors, migrations, outbox and relay; the only importer of its drivers."""
