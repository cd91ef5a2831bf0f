"""Why a promise was not kept, or not yet: in words of a language."""

# What is told of each cause: of the rules of the dialer, what a campaign is, and what people did.
CAUSE_WORDS = {
    "agent": "the agent has not called yet",
    "nobody": "no agent has it",
    "not_looked_at": "no dialer has looked at it",
    "refused": "the line refused the call, nothing was dialed",
    "no_word": "it may have been called, and no word came",
    "settled": "closed as unknown, after a restore",
    "draft": "its campaign is a draft",
    "paused": "its campaign is paused",
    "ended": "its campaign has ended",
    "deleted": "its campaign was deleted",
    "hours": "outside the hours of its campaign",
    "status": "its campaign was not started",
    "vdn_cap": "the VDN had as many calls as it may",
    "campaign_cap": "its campaign had as many calls as it may",
    "campaign_gone": "its campaign was deleted",
    "campaign_ended": "its campaign had ended",
    "grace": "it was not dialed in time",
    "number": "its number may not be dialed",
    "line": "the line was down, or took no call",
    "retry": "it was to be tried again",
    "clock": "a clock was set",
    # Of what expired: what held it until it was too late.
    "was_draft": "not dialed in time: its campaign was a draft",
    "was_paused": "not dialed in time: its campaign was paused",
    "was_status": "not dialed in time: its campaign was not started",
    "was_hours": "not dialed in time: it was outside the hours of its campaign",
    "was_vdn_cap": "not dialed in time: the VDN had as many calls as it may",
    "was_campaign_cap": "not dialed in time: its campaign had as many calls as it may",
    "was_line": "not dialed in time: the line was down, or took no call",
    "was_clock": "not dialed in time: a clock was set",
    # Of what waits to be dialed: what the lines are.
    "no_dialer": "no dialer is running",
    "line_down": "the line is down",
    "line_refuses": "the line refuses every call",
}
