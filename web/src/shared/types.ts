// The server's data: the playbook with its recorded runs, and verdicts. Mirrors looktwice.learn and core.trace.

export interface Row {
  table: string;
  key: Record<string, string>;
  values: Record<string, string | null>;
}

export interface Step {
  lane: string;
  kind: "read" | "write" | "lock" | "begin" | "commit" | "rollback" | "call" | "cache" | "respond" | "fault";
  words: string;
  statement: string;
  parameters: (string | null)[];
  before: Row[];
  after: Row[];
  rows: number | null;
  waits_for: string;
  held: boolean;
  at: number;
}

export interface Lane {
  name: string;
  method: string;
  path: string;
  body: string;
  status: number | null;
  outcome: "ok" | "refused" | "unknown";
  answer: string;
}

export interface Trace {
  title: string;
  lanes: Lane[];
  steps: Step[];
  order: string;
  initial: Row[];
  final: Row[];
  serial: [string, Row[]][];
  verdict: string;
  name: string;
  explanation: string;
  environment: Record<string, string>;
}

export interface TraceSet {
  title: string;
  pattern: string;
  variant: string;
  traces: Trace[];
  recorded: string;
}

export type Piece = [string, string];

export interface CodeMark {
  line: number;
  finds: string[];
  roles: string[];
}

export interface CodeBlock {
  type: "code";
  language: string;
  kind: "bad" | "good" | "context";
  case: string;
  title: string;
  file: string;
  text: string;
  lines: Piece[][];
  marks: CodeMark[];
}

export interface ProseBlock {
  type: "prose";
  html: string;
}

export type Block = CodeBlock | ProseBlock;

export interface Remedy {
  title: string;
  when: string;
  blocks: Block[];
}

export interface WrongTurn {
  title: string;
  html: string;
  blocks: CodeBlock[];
}

export interface Exercise {
  title: string;
  bad: CodeBlock;
  good: CodeBlock | null;
}

export interface Lesson {
  code: string;
  name: string;
  section: string;
  severity: string;
  status: string;
  cwe: number[];
  summary: string;
  question: string;
  guideline: string;
  experiment: string;
  sources: string[];
  messages: string[];
  languages: string[];
  goal: string;
  predict: { choice: string; reply: string }[];
  look: Block[];
  why: string;
  production: string;
  lead: string;
  remedies: Remedy[];
  turns: WrongTurn[];
  fine: Block[];
  hints: [string, string][];
  exercises: Record<string, Exercise>;
  board: TraceSet[];
}

export interface Section {
  name: string;
  number: string;
  title: string;
  claim: string;
}

export interface Playbook {
  version: string;
  live: boolean;
  sections: Section[];
  lessons: Lesson[];
}

export interface Place {
  line: number;
  role: string;
  note: string;
}

export interface EditorFinding {
  code: string;
  pattern: string;
  message: string;
  confidence: string;
  places: Place[];
  because: string[];
}

export interface Verdict {
  state: "breaks" | "uncertain" | "elsewhere" | "gone" | "unread" | "solved" | "paused";
  findings: EditorFinding[];
  why: string;
  turn: string;
  remedy: string;
}
