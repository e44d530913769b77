"""The settings that `config init` writes."""

BEGINNING = """\
# Settings of relation-worker. Every option, with its value in effect: relation-worker config show
# Anything here can also be set from the environment: RELATION_WORKER_BROKER__URL=nats://nats:4222,
# RELATION_WORKER_CONNECTIONS__ACME_ONOFFICE__IN_FLIGHT=4. The environment wins over a secret's file,
# and that over this file. Unknown options stop the start.

[worker]
instance = "main"        # the same for all workers on one journal
# secrets = "/run/secrets/relation-worker"   # a folder: its file acme-onoffice.token holds that secret

[broker]
url = "embedded"         # or "nats://nats-1:4222, nats://nats-2:4222"
folder = "relation-worker-broker"

[journal]
url = "sqlite:///relation-worker.db"   # or "postgresql://worker@db/relations"

[console]
host = "127.0.0.1"
port = 8321

# One table for each account. Its secrets have no place in this file; see `secrets` above, or set
# RELATION_WORKER_CONNECTIONS__ACME_ONOFFICE__TOKEN and the like.

# [connections.acme-onoffice]            # secrets: token, secret
# target = "onoffice"
# accept = { sources = ["/crm", "https://crm.example/*"] }
# quotas = ["5/s"]
# relation_types = { owner = "estate:address:owner", appointment = "calendar:address" }

# [connections.acme-superoffice]         # secrets: app_token, system_user_token, private_key
# target = "superoffice"
# customer_id = "Cust12345"
# relation_types = { holding = 5, partner = 7 }

# [connections.acme-outsmart]            # secrets: token, software_token
# target = "outsmart"

# [connections.acme-silvasoft]           # secrets: api_key
# target = "silvasoft"
# username = "it@acme.example"
# quotas = ["2/s", "50/min", "15/h"]     # the hour's is your plan's
"""
