/**
 * What the application and the text editor say to each other. Offsets count UTF-16 code
 * units, as JavaScript strings do.
 */

/** Replaces `from..to` of the text before the change by `insert`. */
export interface Change {
  from: number;
  to: number;
  insert: string;
}

/** One proposal of the completion list. */
export interface Completion {
  /** What the list shows and what typing filters by. */
  label: string;
  /** A short remark beside the label. */
  detail?: string;
  /** The text that replaces `from..to`; the label when absent. */
  apply?: string;
  /** Where the caret goes, in `apply`; its end when absent. */
  caret?: number;
  from: number;
  to: number;
  /** The kind, which picks the icon: "property", "enum", "constant", "variable", "text". */
  type?: string;
  /** Help shown beside the list. */
  info?: string;
}

export interface Diagnostic {
  from: number;
  to: number;
  severity: "error" | "warning" | "info";
  /** The rule's code, as in MG301. */
  code: string;
  /** Words between backticks are shown as code. */
  message: string;
  /** The labels of the quick fixes, in the order that `onFix` counts them. */
  fixes: string[];
}

export interface Options {
  text: string;
  /** Names the text field for assistive technology. */
  label: string;
  /** Only for reading: no typing, no completion, no fixes. */
  readOnly?: boolean;
  /** The user's change: its parts in ascending order, all in the coordinates before it; and the whole text after it. */
  onChange(changes: Change[], text: string): void;
  /** The caret moved, by the user or after a change. */
  onCursor?(offset: number): void;
  /** What completes at the offset; a `null` or an empty list shows nothing. */
  complete?(text: string, offset: number): Completion[] | null;
  /** The help for what stands at the offset; words between backticks are shown as code. */
  hover?(text: string, offset: number): string | null;
  /** A quick fix was chosen: both count from 0, in the order given to `setDiagnostics`. */
  onFix?(diagnostic: number, fix: number): void;
  /** The application owns the history; the editor keeps none. */
  onUndo?(): void;
  onRedo?(): void;
}

export interface Handle {
  /**
   * Shows another text without calling `onChange`. With `changes` (in the coordinates of
   * the text before, ascending) the caret and folds move along; without, the least change
   * between the texts is found by comparing their ends.
   */
  setText(text: string, changes?: Change[]): void;
  /** Replaces all diagnostics. */
  setDiagnostics(diagnostics: Diagnostic[]): void;
  /** Selects the range, scrolls it into view and unfolds what hides it. */
  reveal(from: number, to: number): void;
  focus(): void;
  destroy(): void;
}

export type Mount = (host: HTMLElement, options: Options) => Handle;
