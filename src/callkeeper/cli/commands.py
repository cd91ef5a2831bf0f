"""Every command before it is loaded: its name, where it stands, and what its help says first.

The program lists them without importing one, and imports the one that is called.
"""

from typing import NamedTuple

SERVER = "Run it"
LOOK = "Find out (beside the database: CALLKEEPER_DATA_DIR or _DATABASE)"
CALLS = "Reserved calls (over a server: CALLKEEPER_URL, _AK, _SK, _VDN, _CA)"
TRY = "Try it out"
RECORDS = "Keys, people, agents and campaigns (beside the database)"


class Command(NamedTuple):
    """A command: its full name, its place as ``module:function``, and its help in one line."""

    name: str
    place: str
    help: str


GROUPS = {
    "key": "Access keys: who may ask, and for which VDN.",
    "person": "People: who works with the console, and what they may there.",
    "vdn": "VDNs: moving one to another installation.",
    "agent": "Agents: what to call them, and which there are.",
    "campaign": "Campaigns: the tasks that calls belong to.",
    "business-result": "Business results: what agents may file of a call.",
}

# What people type for a command that has another name.
TRIED = {
    "next": ("reservations",),
    "overdue": ("reservations --overdue",),
    "report": ("reservations --day today", "reservations --day yesterday"),
    "today": ("reservations --day today", "board"),
}

PANELS = {
    SERVER: (
        Command("serve", "serve:serve", "Serve the API and dial until stopped."),
        Command("dial", "dial:dial", "Dial what is due until stopped; serves no API."),
        Command("migrate", "operations:migrate", "Bring the database schema up to date."),
        Command("spread", "operations:spread", "Spread the tables over the machines of a Citus."),
        Command("backup", "operations:backup", "Copy a SQLite installation while it runs."),
        Command("doctor", "doctor:doctor", "Check everything; creates nothing."),
        Command(
            "vdn export", "transfers:export", "Stop serving a VDN, and write all of it to a file."
        ),
        Command(
            "vdn import",
            "transfers:bring_in",
            "Bring in a VDN from a file, and serve it once every row was compared.",
        ),
        Command(
            "vdn return",
            "transfers:give_back",
            "Serve a VDN here again that was exported and is served nowhere else.",
        ),
        Command(
            "vdn forget",
            "transfers:forget",
            "Remove the rows of a VDN that was moved away, or of an import that is given up.",
        ),
        Command(
            "vdn list",
            "transfers:list_transfers",
            "List the VDNs that leave, are gone, arrive, or came from elsewhere.",
        ),
        Command("settle", "settle:settle", "After a restore, close calls that may have been made."),
    ),
    LOOK: (
        Command(
            "reservations",
            "promises:list_open",
            "Show what is open, overdue ones first; with --day the report of a day.",
        ),
        Command("board", "board:show_board", "Show what there is to do now, and what holds it."),
        Command("broken", "promises:list_broken", "Show which promises were broken, and why."),
        Command("seen", "seen:say", "Take off that list what somebody has looked into."),
        Command("show", "promises:show_one", "Show one reservation, and what it waits for."),
        Command(
            "lines",
            "dialer:lines",
            "Show who dials over which line, calls in progress, and how calls ended.",
        ),
        Command("attempts", "dialer:attempts", "Show every attempt to call a reservation."),
        Command("why", "why:why", "Tell what happened to a reservation, and what it waits for."),
    ),
    CALLS: (
        Command("reserve", "reservations:reserve", "Reserve a call."),
        Command("move", "reservations:move", "Give a reservation another time, agent or note."),
        Command("result", "reservations:result", "File how the call of a reservation ended."),
        Command("cancel", "reservations:cancel", "Delete a reservation whose call was not made."),
        Command(
            "list", "reservations:list_", "List reservations by appointed time, as the server does."
        ),
    ),
    RECORDS: (
        Command("key create", "keys:create_key", "Make an access key, and show its secret once."),
        Command("key list", "keys:list_keys", "List all keys, without their secrets."),
        Command("key limit", "keys:limit_key", "Show or change how many requests a key may send."),
        Command(
            "key copy",
            "keys:copy_keys",
            "Bring keys to be in another installation what they are here.",
        ),
        Command("key revoke", "keys:revoke_key", "Revoke a key."),
        Command(
            "person add",
            "people:add",
            "Add a person, and show the link by which they choose a password.",
        ),
        Command("person list", "people:list_people", "List all people, with what they are."),
        Command(
            "person role",
            "people:give_role",
            "Give a person a role, in place of the one there, or take it away.",
        ),
        Command(
            "person reset",
            "people:reset",
            "Void a person's password, end their sessions, and show a link for a new one.",
        ),
        Command(
            "person disable",
            "people:disable",
            "Let a person sign in no more; their sessions and links end.",
        ),
        Command("person enable", "people:enable", "Let a person who was disabled sign in again."),
        Command(
            "person sessions",
            "people:sessions",
            "Show the sessions of a person that go on, or end them.",
        ),
        Command(
            "person tie", "ties:tie", "Let a person sign in by an account at the single sign-on."
        ),
        Command(
            "person untie",
            "ties:untie",
            "Let a person sign in by the single sign-on no more; their sessions end.",
        ),
        Command("agent name", "agents:name_agent", "Say what lists call an agent."),
        Command("agent list", "agents:list_agents", "List the agents of a VDN."),
        Command(
            "reassign", "reassign:reassign", "Give the reservations of one agent to another one."
        ),
        Command(
            "campaign add",
            "campaigns:add_campaign",
            "Add a campaign, with the id that it had elsewhere if need be.",
        ),
        Command("campaign list", "campaign_list:list_campaigns", "List the campaigns of a VDN."),
        Command("campaign show", "campaign_list:show_campaign", "Show all of one campaign."),
        Command(
            "campaign pause",
            "campaign_states:pause_campaign",
            "Stop dialing for a campaign until it is resumed.",
        ),
        Command(
            "campaign resume",
            "campaign_states:resume_campaign",
            "Go on dialing for a campaign, or begin: a draft is started the same way.",
        ),
        Command("campaign end", "campaign_states:end_campaign", "End a campaign now, for good."),
        Command(
            "campaign special",
            "campaign_states:special_hours",
            "Show or change the hours of a campaign on special days.",
        ),
        Command(
            "campaign dialing",
            "dial_settings:dialing",
            "Show or change how automatic calls are made.",
        ),
        Command(
            "business-result define",
            "business_results:define_result",
            "Define what agents may file of a call.",
        ),
        Command(
            "business-result list",
            "business_results:list_results",
            "List what agents may file of a call.",
        ),
    ),
    TRY: (
        Command("demo", "demo:demo", "Run the published examples, then stay up for you to try."),
        Command("sign", "sign:sign", "Sign a request, and show every step. Nothing is sent."),
    ),
}
