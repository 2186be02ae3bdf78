"""Words that say little: that only hold a sentence together, that turn what stands beside them, that name what logs are
about."""

from __future__ import annotations

import re

NEGATIONS = frozenset(
    re.findall(
        r"\S+",
        """
    not non no without except excluding other neither nor
    """,
    )
)
"""They turn what follows."""

TURNING = frozenset(
    re.findall(
        r"\S+",
        """
    not non no without except excluding other neither nor never than before after both consecutive until since
    instead between more less fewer first last most least if because worst best better worse average should
    will would could enough
    """,
    )
)
"""They turn or compare what stands beside them: where no step of the reading used them, they were not understood."""

GLUE = frozenset(
    re.findall(
        r"\S+",
        """
    ended end ends got get gets hit hits went go goes did done do came come comes took take takes answer
    answered answers ask asked asks give gave given saw see seen had have has handled handle handles processed
    process serve served serves we our us ever anyone anybody somebody someone anything something turned turn
    turns produced cause caused causes made make happen happened happening occurred occur appear appeared show
    shows showed people time times kind kinds sort sorts type types thing things overall total whole entire
    altogether single resulted result results carried related regarding concerning issued issue issues belongs
    belong involving involved affected log logs logged file text table sheet data record recorded records
    recording entry entries line lines row rows event events message messages request requests calls call name
    names value values many much long short per day week month year that those these which who what where most
    often period during only just also still already really actually exactly number amount list top each every
    all any some one successfully try tried tries among across throughout while attempt attempts be been being
    is are was were old new actual yet api http web rest utc gmt return returned returns respond responded
    response responses use used uses using run ran found find recorded record present stored shown marked tagged
    labelled
    labeled reported reporting reports work works worked measured observed registered reached fell fallen handed
    forwarded routed back
    """,
    )
)
"""Words that say no more than that something stands in a line of a table of requests or rows, or is done there."""

ENTITIES = frozenset(
    re.findall(
        r"\S+",
        """
    load balancer balancers proxy proxies broker brokers host hosts daemon
    mail mails email emails message messages job jobs task tasks connection connections packet packets session
    sessions query queries statement statements device devices pod pods file files package packages order
    orders process processes alert alerts client clients customer customers user users system systems server
    servers group groups channel machine machines database daemon firewall gateway router cluster site website
    program log app apps application applications service services network delivery deliveries container
    containers document documents item
    items
    """,
    )
)
"""What logs are about."""

SERVERS = frozenset(
    re.findall(
        r"\S+",
        """
    load balancer balancers proxy proxies server servers gateway router daemon backend backends website site app
    application service system
    """,
    )
)
"""What answers requests: with an article, the one whose log it is."""

ROWS = frozenset(
    re.findall(
        r"\S+",
        """
    reading readings measurement measurements sample samples observation observations booking bookings transaction
    transactions runner runners finisher finishers participant participants athlete athletes competitor competitors
    player players contestant contestants racer racers rider riders entrant entrants student students pupil pupils
    passenger passengers pod pods
    """,
    )
)
"""What a row of a table of measurements, of an account or of people is."""

TRADE = frozenset("sold sell sells bought buy ordered placed earned generated earn brought bring".split())  # noqa: SIM905
"""What rows of orders and sales say by being there."""

ACTORS = frozenset(
    re.findall(
        r"\S+",
        """
    user users client clients customer customers person people host hosts server servers machine machines device
    devices player players account accounts system systems service services pod pods node nodes driver drivers
    employee employees member members address addresses ip ips
    """,
    )
)
"""Who does something: how many of them there are is not how many lines there are."""

HARMLESS = frozenset(
    re.findall(
        r"\S+",
        """
    please pls plz thanks kindly name names journal
    line lines entry entries row rows record records event events message messages log logs logfile logged logging file
    files text document documents data dataset csv response responses request requests hit hits
    call calls
    statement statements word words term phrase string character value values field fields column columns level levels
    severity status code codes number numbers count counts amount total times time overall
    altogether entire whole different distinct unique individual
    instance instances case cases kind kinds sort sorts type types thing things occurrence occurrences
    frequency frequent frequently breakdown utc gmt o'clock
    respectively actually really exactly simply still already just also only ever even yet currently
    successfully new actual own various certain particular given following involved affected attacking offending period
    """,
    )
)
"""They say what a line is, or how the answer is to look."""

SEEN_VERBS = frozenset(
    re.findall(
        r"\S+",
        """
    appear appears appeared appearing occur occurs occurred occurring happen happens happened happening exist exists
    existed existing seen see saw sees contain contains contained containing include includes included including hold
    holds held mention mentions mentioned mentioning shows showed made come comes came get gets got gotten having go
    goes
    went done doing take takes took taken turn turned turns
    """,
    )
)
"""They say that something is in the text."""
