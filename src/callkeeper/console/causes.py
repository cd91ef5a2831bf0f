"""Why a promise was not kept, or not yet: in words of a language."""

# What is told of each cause: of the rules of the dialer, what a campaign is, and what people did.
CAUSE_WORDS = {
    "agent": "the agent has not rung",
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
}
