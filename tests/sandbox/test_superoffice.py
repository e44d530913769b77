"""The tenant as a whole: where it is, whether it runs, what it offers and refuses."""

from typing import Any

import pytest
from aiohttp import ClientSession

from tests.sandbox.superoffice import HOLDING, call, tenant, ticket
from worker.sandbox.faults import Fault
from worker.sandbox.sandbox import Sandbox
from worker.sandbox.server import running
from worker.sandbox.superoffice import SuperOffice, SuperOfficeOptions


async def test_tenant_moves_and_rests(client: ClientSession) -> None:
    """The state API says where a tenant is and whether it runs; elsewhere is 421, and closed is 503."""
    async with running(tenant()) as there:

        async def state(customer: str = "cust12345") -> tuple[str | None, str, bool]:
            async with client.get(f"{there.root}/api/state/{customer}") as answer:
                content = await answer.json()
                return content["Endpoint"], content["State"], content["IsRunning"]

        vendor = there.sandbox.vendor
        home = f"{there.root}/Cust12345"
        assert (home, "Running", True) == await state()
        vendor.control({"move": "online4"})
        await call(client, there, "GET", "Relation/default", status=421)
        moved = (await state())[0]
        async with client.get(f"{moved}/api/v1/Relation/default", headers=ticket(there)) as answer:
            assert answer.status == 200
        vendor.control({"move": "", "tenant_state": 6})
        assert (home, "OfflineMaintenance", False) == await state()
        await call(client, there, "GET", "Relation/default", status=503)
        assert await state("Cust1") == (None, "Unknown", False)
        for command in ({"tenant_state": 7}, {"fly": 1}):
            with pytest.raises(ValueError, match=r"SuperOffice|tenant_state"):
                vendor.control(command)


@pytest.mark.parametrize("auth", ["system_user", "refresh_token", "ticket", "bearer", "basic"])
async def test_settings_offer_one_way_in(auth: Any) -> None:
    """The settings hold what the chosen way needs, and nothing of the others."""
    async with running(tenant(auth=auth)) as there:
        needs = {
            "system_user": {"app_token", "system_user_token", "private_key"},
            "refresh_token": {"client_id", "client_secret", "refresh_token", "redirect_uri"},
            "ticket": {"ticket", "app_token"},
            "bearer": {"access_token"},
            "basic": {"username", "password"},
        }[auth]
        common = {"target", "environment", "base_url", "auth"} | (set() if auth == "basic" else {"customer_id"})

        assert needs | common == there.settings.keys()


async def test_refusal_on_demand(client: ClientSession) -> None:
    """A fault refuses what holds a text with the status it names, in the vendor's form."""
    fault = Fault(kind="refuse", contains="poison", code=409, message="no")
    async with running(Sandbox(SuperOffice(SuperOfficeOptions(auth="ticket")), faults=[fault])) as there:
        refused = await call(client, there, "POST", "Relation", {**HOLDING, "Comment": "poison"}, status=409)

        assert (refused["Error"], refused["ErrorMessage"]) == (True, "no")
        await call(client, there, "POST", "Relation", HOLDING)
