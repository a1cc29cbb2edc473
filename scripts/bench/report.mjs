/** Figures as tables for people, on the terminal and in a document, and as JSON for programs. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const BEGIN = '<!-- figures: begin -->';
const END = '<!-- figures: end -->';
const ABSENT = '–';

export function describeFigures({ cases, about }) {
  return [
    describeAbout(about),
    ...tablesOf(cases).map((rows) => alignRows(rows)),
    ...notesOf(cases),
  ].join('\n\n');
}

export function writeMarkdown(file, { cases, about }) {
  const notes = notesOf(cases).map((note) => `- ${note}`);
  const parts = [describeAbout(about), ...tablesOf(cases).map(markdownRows)];
  const text = [...parts, ...(notes.length > 0 ? [notes.join('\n')] : [])].join('\n\n');
  const marked = `${BEGIN}\n\n${text}\n\n${END}`;
  const old = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const [from, to] = [old.indexOf(BEGIN), old.indexOf(END)];
  const isMarked = from >= 0 && to > from;
  const whole = isMarked ? old.slice(0, from) + marked + old.slice(to + END.length) : `${marked}\n`;
  writeFileSync(file, whole);
}

export function writeJson(file, { cases, about }) {
  writeFileSync(file, `${JSON.stringify({ ...about, cases }, undefined, 2)}\n`);
}

function describeAbout({ command, date, node, cores, cpu, load, versions }) {
  const busy = load > 0.5 ? `; the machine was busy before the run began: load ${load}` : '';
  const peers = versions.map(({ name, version }) => `, ${name} ${version}`).join('');
  return `\`${command}\`, ${date}, Node ${node}${peers}, ${cores} cores (${cpu})${busy}.`;
}

function tablesOf(cases) {
  return [figureRows(cases), costRows(cases)];
}

function figureRows(cases) {
  const names = [...new Set(cases.flatMap(({ systems }) => Object.keys(systems)))];
  const hasRatio = cases.some(({ ratio }) => ratio !== undefined);
  const head = [
    'workload',
    'case',
    'unit',
    ...names,
    ...(hasRatio ? ['times better'] : []),
    'goal',
  ];
  const rows = cases.map(({ workload, case: label, unit, systems, ratio, goal }) => [
    workload,
    label,
    unit,
    ...names.map((name) => describeSpread(systems[name])),
    ...(hasRatio ? [ratio === undefined ? ABSENT : `${ratio.toFixed(2)} ×`] : []),
    goal ?? ABSENT,
  ]);
  return [head, ...rows];
}

/** The median, and between which values it lies. */
function describeSpread(summary) {
  if (summary?.median === undefined) return ABSENT;
  const { values, lowest, highest } = summary;
  const middle = describeNumber(summary.median);
  if (values.length === 1) return middle;
  return `${middle} (${describeNumber(lowest)} – ${describeNumber(highest)})`;
}

function describeNumber(value) {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} k`;
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}

function costRows(cases) {
  const head = ['workload', 'case', 'of', 'besides', 'measured', 'leader', 'others', 'generator'];
  const rows = cases.flatMap(({ workload, case: label, systems }) =>
    Object.entries(systems)
      .filter(([, { costs }]) => costs !== undefined)
      .map(([name, summary]) => [workload, label, name, ...describeCosts(summary)]),
  );
  return [head, ...rows];
}

function describeCosts({ details, seconds, costs, generatorCpu }) {
  const leader = costs.filter(({ isLeader }) => isLeader).map(describeCost);
  const others = costs.filter(({ isLeader }) => !isLeader).map(describeCost);
  return [
    Object.entries(details).map(describeDetail).join(', ') || ABSENT,
    `${seconds.toFixed(1)} s`,
    leader.join(', ') || ABSENT,
    others.join(', ') || ABSENT,
    generatorCpu > 0 ? `${Math.round(generatorCpu * 100)} % of a core` : ABSENT,
  ];
}

/** Processor seconds within the time measured, and resident memory at its end. */
function describeCost({ cpuSeconds, residentMb }) {
  const cpu = cpuSeconds === undefined ? ABSENT : `${cpuSeconds.toFixed(1)} s`;
  return `${cpu} ${residentMb === undefined ? ABSENT : `${residentMb.toFixed(0)} MB`}`;
}

/** As in `p99Ms`: 12.3 → p99 12.3 ms. */
function describeDetail([name, value]) {
  const [, what, unit] = /^(.*?)(Ms|Mb)$/.exec(name);
  const words = what.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return `${words} ${describeNumber(value)} ${unit === 'Ms' ? 'ms' : 'MB'}`;
}

function notesOf(cases) {
  return cases.flatMap(({ workload, case: label, systems }) =>
    Object.entries(systems).flatMap(([name, { notes }]) =>
      notes.map((note) => `${workload}, ${label}, ${name}: ${note}`),
    ),
  );
}

function alignRows(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function markdownRows([head, ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
