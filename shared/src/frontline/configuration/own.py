"""What `frontline init` writes: a configuration to begin one's own with."""

OWN = """\
# A Frontline configuration. `frontline config check` lists every mistake in it, with its line;
# FRONTLINE_CONFIG=<this file> frontline up   starts with it. It may also be a folder of .toml files.

# Raise this when you change something here: a desk that runs takes over a higher version only.
version = 1

# A desk is a group of people who share work. Ids are of lower-case letters, digits and hyphens,
# and stay: contacts remember them. There may be several desks.
[[desk]]
id = "support"
name = "Support"
# strategy = "longest_idle"               # or least_loaded, round_robin: who of those with room is next
# age_after = "PT2H"                      # who has waited so long moves up a lane, again and again
# alarm_after = "PT10M"                   # when somebody is told that nobody takes a contact
# offline_grace = "PT1M"                  # before the calls and chats of somebody offline go to others
# reopen_for = "P14D"                     # how long a resolved contact comes back when its customer writes
# transfer_within = "PT10M"               # when one goes on here that another desk has not answered about
# notices = { mail = "support" }          # by which inboxes people are told of what waits: mail, sms, ring

# Who may take a contact that waits, and after how long; each ring holds those before it.
# [[desk.ring]]                           # those on duty, with the skills asked for
# [[desk.ring]]
# after = "PT5M"                          # everybody on duty
# skills = false
# [[desk.ring]]
# after = "PT30M"                         # and those who are there without being on duty
# skills = false
# off_duty = true

# An inbox is one of your addresses on a channel. It belongs to one desk.
[[desk.inbox]]
channel = "email"
id = "support"
name = "Support"                          # what customers see
address = "support@your-company.example"
# sender = "{agent} at Your Company"        # how people sign from here; unset: "First Agent (Support)"
# lane = "normal"                         # security, improvement, vip, normal, low: what comes first
# cost = 10                               # of an agent's capacity; unset: phone 100, chat 30, others 10
# offer = true                            # ask the agent first; unset: phone and chat are, others are not
# offer_for = "PT20S"                     # how long they have to accept, before the next one is asked
# acknowledge = true                      # tell customers that we have it, and by when they hear from us
# sticky_for = "PT1M"                     # how long to wait for the agent who knows the customer
# handling = "PT6M"                       # how long a call or chat takes, until enough were seen to know
# wrap_up = "PT30S"                       # time to write up a call or chat, before the next one
# written_cost = 10                       # what a text or a missed call costs, if a call costs more
# policy = "standard"                     # how soon an answer is promised: a [[policy]] below
# skills = ["billing"]                    # who takes it must have all of these
# languages = ["en"]

# What a message is about decides who gets it, and how soon. Rules have their say in this order. They
# ask for words, customers, languages, a channel, an inbox, or whether a calendar is open; what follows
# is a lane, skills, or a policy.
# [[desk.rule]]
# id = "invoices"
# words = ["invoice", "refund"]           # whole words in the subject or the text, any of them
# customers = ["@customer.example"]       # addresses, or domains
# skills = ["billing"]

# Customers of whom nothing is heard are asked how they are, once, by automatic mail on their channel.
# [[desk.check_in]]
# id = "after-a-while"
# when = "resolved"                       # or waiting_customer
# after = "P3D"
# calendar = "always"                     # in whose time: around the clock, or a [[calendar]]
# channels = ["email"]                    # and inboxes = ["support"]; unset: all
# text = { en = "Does it still work? Answer STOP and we ask no more." }  # by language

# The people. Names are what customers see. `frontline token first-agent` prints their bearer token.
[[desk.agent]]
id = "first-agent"
name = "First Agent"
available = true                          # counts as available until they say otherwise
# capacity = 100                          # how much they take at once
# skills = ["billing"]
# off_duty = true                         # may be given work when available and not on duty
# shown = false                           # not shown to customers who wait; "somebody is there" is
# lead = true                             # leads the desk: alarms and escalations reach them
# picture = "https://your-company.example/first-agent.jpg"
# phone = "+12025550101"                  # where a call reaches them
# may = ["erase"]                         # erase customers and contacts for good
# token_version = 1                       # raise it to end the tokens given out so far
# notify = { ways = ["push", "mail"], mail = "me@your-company.example", quiet = ["mon-sun 20:00-07:00"] }

# Who is on duty when. Being on duty decides who is asked first; it makes somebody available only
# if the shift says so.
# [[desk.shift]]
# id = "early"
# zone = "Europe/Berlin"                  # whose clocks
# days = ["mon", "tue", "wed", "thu", "fri"]
# begins = "07:00"
# ends = "15:00"                          # not after it begins: on the next day
# weeks = [["first-agent"], []]           # week A, week B, over and over; or agents = [...] every week
# since = 2026-11-23                      # the first day; week A is the one in which it lies
# available = true                        # whoever is on counts as available, until the shift ends

# [[desk.shift.override]]
# day = 2026-12-24                        # not as usual: other agents, other times, or nobody
# agents = []

# What you promise, as ISO 8601 durations; a target left out is not promised.
[[policy]]
id = "standard"
# version = 1                             # raise it when you change the policy: running clocks keep theirs
first_response = "PT4H"
# next_response = "PT8H"                  # from the first message that waits after a reply
# resolution = "P5D"
# warn_at = [0.5, 0.8]                    # of the time
# calendar = "always"                     # around the clock; or a [[calendar]]
# pauses = { resolution = ["waiting_customer", "waiting_third_party"] }  # what stands still meanwhile

# [[policy.lane]]                         # other times for some lanes; a target left out is as above
# lanes = ["security", "vip"]
# first_response = "PT30M"

# [[policy.raise]]                        # what is late comes before others
# target = "first_response"
# at = 0.8                                # one of warn_at, or 1 for the breach
# lane = "vip"

# [[policy.escalate]]                     # and somebody hears of it, or others get it
# target = "first_response"
# at = 1
# widen = "next"                          # open the next ring now; or "all"
# reoffer = true                          # give it to somebody else than who has not answered
# notify = ["holder", "leads"]            # or "desk"
# agents = ["first-agent"]                # and these

# When time counts.
# [[calendar]]
# id = "office"
# zone = "Europe/Berlin"
# hours = ["mon-fri 09:00-12:30, 13:30-17:00", "sat 22:00-02:00"]  # unset: around the clock
# closed = [2026-12-24, 2026-12-31]
# holidays = ["DE-BY"]                    # public ones, of countries (DE) or parts of them
# ics = []                                # files with whole-day events, beside this one: ["closed.ics"]

# [[calendar.special]]
# day = 2026-12-27                        # other hours than usual, whatever is closed
# hours = ["10:00-14:00"]
"""
