/** The demo's list and message: people who do not exist, at a domain that takes no mail (RFC 2606). */

export const PEOPLE = 1_000;

const FIRST = [
  'Ada',
  'Björn',
  'Chloé',
  'Dmitri',
  'Emeka',
  'Fatima',
  'Grace',
  'Hiro',
  'Inés',
  'João',
];
const LAST = [
  'Abe',
  'Brandt',
  'Castillo',
  'Dubois',
  'Eze',
  'Fischer',
  'Gupta',
  'Haddad',
  'Ito',
  'Jansen',
];
const CITY = [
  'Oslo',
  'Lyon',
  'Kraków',
  'Lagos',
  'Quito',
  'Osaka',
  'Pune',
  'Perth',
  'Cork',
  'Zürich',
];

/** Their addresses hold no letter but those of ASCII. */
const local = (name) =>
  name
    .normalize('NFD')
    .replace(/[^a-z]/gi, '')
    .toLowerCase();

/** CSV with a header: a person for each triple of names and number. */
export function sampleList() {
  const lines = Array.from({ length: PEOPLE }, (_, i) => {
    const first = FIRST[i % 10];
    const last = LAST[Math.floor(i / 10) % 10];
    const city = CITY[Math.floor(i / 100) % 10];
    return `${local(first)}.${local(last)}.${i + 1}@example.org,${first},${last},${city}`;
  });
  return `${['email,first_name,last_name,city', ...lines].join('\n')}\n`;
}

export const sampleHtml = () => `<!doctype html>
<html lang="en">
  <body>
    <h1>Hello {{ first_name }} {{ last_name }}</h1>
    <p>This is what is new in <strong>{{ city }}</strong>.</p>
    <p>You get this once, as {{ email }}: the ledger says so.</p>
  </body>
</html>
`;
