import { SETTINGS, type Setting } from '../../../config/table.js';
import { termsBlock } from '../topic-text.js';

const meaning = (setting: Setting): string => {
  const fallback = 'default' in setting ? setting.default : undefined;
  return fallback === undefined ? setting.help : `${setting.help} (default: ${fallback})`;
};

const settings = Object.values(SETTINGS).map((setting) => ({
  term: setting.variable,
  text: meaning(setting),
}));

export default `Settings come from the environment, or from a file .env in the working
directory, in UTF-8 or UTF-16; a line of it that is meant for campaign and
sets nothing is refused. With neither URL set, commands use the sandbox and
say so on stderr; with one of the two, they exit 2 naming the other, so that
no real list is ever "sent" into a capture box.

TAB connects to nothing that a .env names, which may be somebody else's: in a
folder that has one, completion offers ids of sends only where the URL of the
database is in the environment.

${termsBlock(settings)}

URLS

URLs are percent-encoded: in a user or password ‘#’ is ‘%23’, ‘/’ is ‘%2F’,
‘?’ is ‘%3F’, ‘@’ is ‘%40’, ‘%’ is ‘%25’; a URL that needs it and isn't is
refused, but for an ‘@’ (the host begins behind the last).

PASSWORDS AND TLS

No flag carries a password, since ‘ps’ shows flags, and no message or log
does. Passwords may stand in files of their own, under systemd as the
credentials ‘campaign-database-password’ and ‘campaign-smtp-password’; so do
the keys that messages are signed with (‘campaign help dkim’).

Beyond loopback TLS is on and certificates are verified, for both servers;
SMTP uses STARTTLS where it is offered and insists on it when there is a
password. On loopback there is TLS only where the URL asks for it, and
‘smtps://’ there is not verified unless it says ‘?tls=verify’.
`;
