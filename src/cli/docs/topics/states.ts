export default `    send        importing ──▶ running ◀──▶ paused
                    │            │            │
                    └── cancelled ◀───────────┘

                running, paused ──▶ completed
                completed ──▶ running           by retry or resolve

    recipient   pending ──▶ sending ──▶ sent | failed | unknown
                   ▲           │
                   └───────────┘  deferred (4xx), or given back untouched

                pending ──▶ skipped             suppressed, declined, missing

A ‘running’ send whose start is ahead is shown as ‘scheduled’.

A RECIPIENT IS

  pending  not accepted since it was last put there
  sending  in a worker's hands right now
  sent     the server answered 250 to the final dot; its words are kept
  failed   refused: code, enhanced code and words are kept
  unknown  it cannot be known: the line broke between the final dot and its
           reply, or the worker died with the row in its hands. Never sent
           again unless you say so (‘resolve’, ‘retry --unknown’; see
           ‘campaign help steering’)
  skipped  never tried: the address, or its domain, was suppressed when its
           list was imported or when its turn came (‘campaign help
           suppression’). Or a column of the list itself says so
           (‘declined: …’; see ‘campaign help lists’). Or a cell that its
           message prints is empty, with ‘--missing skip’ (‘missing: …’)

A send whose relay is held stays ‘running’: ‘progress’ says until when, and
its recipients stay ‘pending’ (‘campaign help pacing’).

THE BOOKS

total = sent + failed + unknown + skipped + pending + sending at every commit,
and the counters equal the ledger: ‘campaign verify 42’ recomputes them.
`;
