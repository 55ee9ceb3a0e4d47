export default `Files go with the messages of a send: to everybody, shown in the HTML, or one
to each row. They are kept in the database, so that any scheduler, on any
host, has them; what the folder has later changes nothing.

TO EVERYBODY

‘--attach report.pdf’, as often as it is wanted. The name of the file is shown
by mail programs, umlauts and all; its type follows from the name. A text in
UTF-8 is sent as one.

PICTURES

‘<img src="img/logo.png">’ in the HTML takes the picture from the folder of
the HTML, and sends it along as one part, however often it is named: in ‘src’
and ‘srcset’ of images, in ‘background’, in ‘url(…)’ of style attributes and
style sheets, and in what Outlook alone reads. Nothing is ever fetched: what
is on the Web (‘https://…’) stays there. What Liquid writes
(‘src="{{ picture }}"’) stays as it is, and is said.

A FILE A ROW

‘--attach-column invoice --attach-dir bills’: the column ‘invoice’ of the list
names a file in the folder ‘bills’ for each row. Rows that are to be mailed
and have no file there are named with their lines, before anything is queued:
an empty cell, no such file, an empty file. A file that many rows name is kept
once.

WHAT IS NOT TAKEN

A path that leads out of the folder (‘../’, an absolute one, a link to
elsewhere), a folder, a device, a pipe; an empty file, and one over 100 MB.
The place that names it is told, and the exit code is 2.

HOW MUCH A RELAY TAKES

Base64 makes a file a third larger. Most relays take 10 to 35 MB a message,
and say so (SIZE). ‘queue’ asks the relay of CAMPAIGN_SMTP_URL, where it can,
and says when the largest message is over that. A scheduler knows it before it
mails anybody: the send pauses, with the reason. Where some rows alone have
too large a file, it pauses once; resumed, the others are mailed and those
rows fail (5.3.4).

MEMORY

A scheduler keeps files of at most CAMPAIGN_MESSAGE_MEMORY_MB (64) in memory,
each encoded once; a file of a row is read when its message is handed out. A
message that needs more goes alone.

HOW LONG THEY ARE KEPT

CAMPAIGN_FILE_DAYS (30) after a send has ended a scheduler removes what its
files hold, a little at a time, unless another send has them; what they were
called stays known, but for those of rows. After that ‘retry’ and ‘resolve
--as pending’ are refused. ‘forget’ removes the file of a person's row.
`;
