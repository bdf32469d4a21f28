// Runs all audits of the package graphql-http (GraphQL over HTTP) against a running server:
//
//   node audits.mjs http://127.0.0.1:8000/graphql
//
// Prints totals for MUST, SHOULD and MAY, and every audit that failed; exits with 1 when one did.
import { serverAudits } from 'graphql-http';

const url = process.argv[2];
if (!url) {
  console.error('usage: node audits.mjs <url of the GraphQL endpoint>');
  process.exit(2);
}

const LEVELS = ['MUST', 'SHOULD', 'MAY'];
const totals = Object.fromEntries(LEVELS.map((level) => [level, { passed: 0, all: 0 }]));
const failures = [];

for (const audit of serverAudits({ url })) {
  const level = LEVELS.find((name) => audit.name.startsWith(name));
  if (!level) throw new Error(`Audit ${audit.id} has no level: ${audit.name}`);
  const result = await audit.fn();
  totals[level].all += 1;
  if (result.status === 'ok') totals[level].passed += 1;
  else failures.push(`${audit.id} ${audit.name}\n     ${result.reason}`);
}

for (const level of LEVELS) {
  console.log(`${level.padEnd(6)} ${totals[level].passed} of ${totals[level].all}`);
}
for (const failure of failures) console.error(`FAILED ${failure}`);
process.exit(failures.length === 0 ? 0 : 1);
