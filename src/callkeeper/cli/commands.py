"""Every command before it is loaded: its name, where it stands, and what its help says first.

The program lists them without importing one, and imports the one that is called.
"""

from typing import NamedTuple

SERVER = "Run it"
LOOK = "Find out"
CALLS = "Reserved calls (server and key: CALLKEEPER_URL, _AK, _SK, _VDN, _CA)"
RECORDS = "Keys, agents and campaigns"


class Command(NamedTuple):
    """A command: its full name, its place as ``module:function``, and its help in one line."""

    name: str
    place: str
    help: str


GROUPS = {
    "key": "Access keys: who may ask, and for which VDN.",
    "agent": "Agents: what to call them.",
    "campaign": "Campaigns: the tasks that calls belong to.",
}

PANELS = {
    SERVER: (
        Command("serve", "serve:serve", "Serve the API and dial until stopped."),
        Command("dial", "dialer:dial", "Dial what is due until stopped; serves no API."),
        Command("migrate", "operations:migrate", "Bring the database schema up to date."),
        Command("backup", "operations:backup", "Copy a SQLite installation while it runs."),
        Command("doctor", "doctor:doctor", "Check everything; creates nothing."),
        Command("settle", "settle:settle", "After a restore, close calls that may have been made."),
    ),
    LOOK: (
        Command("demo", "demo:demo", "Run the published examples, then stay up for you to try."),
        Command("lines", "dialer:lines", "Show who dials over which line, and calls in progress."),
        Command("attempts", "dialer:attempts", "Show every attempt to call a reservation."),
        Command("why", "why:why", "Tell what happened to a reservation, and what it waits for."),
        Command("sign", "sign:sign", "Sign a request, and show every step. Nothing is sent."),
    ),
    CALLS: (
        Command("reserve", "reservations:reserve", "Reserve a call."),
        Command("move", "reservations:move", "Give a reservation another time, agent or note."),
        Command("result", "reservations:result", "File how the call of a reservation ended."),
        Command("cancel", "reservations:cancel", "Delete a reservation whose call was not made."),
        Command("list", "reservations:list_", "List reservations by appointed time."),
    ),
    RECORDS: (
        Command("key create", "keys:create_key", "Make an access key, and show its secret once."),
        Command("key list", "keys:list_keys", "List all keys, without their secrets."),
        Command("key limit", "keys:limit_key", "Show or change how many requests a key may send."),
        Command("key revoke", "keys:revoke_key", "Revoke a key."),
        Command("agent name", "agents:name_agent", "Say what lists call an agent."),
        Command(
            "campaign add",
            "campaigns:add_campaign",
            "Add a campaign, with the id that it had elsewhere if need be.",
        ),
        Command(
            "campaign dialing",
            "dial_settings:dialing",
            "Show or change how automatic calls are made.",
        ),
    ),
}
