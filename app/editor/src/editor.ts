/** The text editor: CodeMirror behind the interface of `api.ts`. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, startCompletion } from "@codemirror/autocomplete";
import type { CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, codeFolding, foldGutter, foldKeymap, indentOnInput, indentUnit, unfoldEffect, foldedRanges } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Annotation, EditorSelection, EditorState, Prec, Text, Transaction } from "@codemirror/state";
import type { ChangeSpec, Extension, StateEffect } from "@codemirror/state";
import {
  EditorView, crosshairCursor, drawSelection, dropCursor, highlightActiveLine, highlightActiveLineGutter,
  highlightSpecialChars, hoverTooltip, keymap, lineNumbers, rectangularSelection,
} from "@codemirror/view";
import type { ViewUpdate } from "@codemirror/view";

import type { Change, Diagnostic, Handle, Mount, Options } from "./api";
import { leastChange } from "./change";
import { theme } from "./theme";

/** Marks what the application wrote, so that it is not told of it again. */
const remote = Annotation.define<boolean>();

/**
 * The document is held with its line ends as they are: a carriage return counts one
 * character here, as it does in the application's text.
 */
const LINE_END = "\n";

/** What is drawn as a visible mark: CodeMirror's own set less the carriage return. */
const MARKED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028\u2029\u202d\u202e\u2066\u2067\u2069\ufeff\ufff9-\ufffc]/g;

export const mount: Mount = (host, options) => {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({ doc: lines(options.text), extensions: extensions(options) }),
  });
  return handle(view, options);
};

function lines(text: string): Text {
  return Text.of(text.split(LINE_END));
}

function handle(view: EditorView, options: Options): Handle {
  const clamp = (offset: number) => Math.max(0, Math.min(offset, view.state.doc.length));
  return {
    setText(text, changes) {
      const specs = applicable(view.state, text, changes) ?? leastChange(view.state.doc.toString(), text);
      if (specs.length === 0) return;
      view.dispatch({
        changes: specs.map(spec),
        annotations: [remote.of(true), Transaction.addToHistory.of(false)],
      });
    },
    setDiagnostics(diagnostics) {
      view.dispatch(setDiagnostics(view.state, diagnostics.map((diagnostic, index) => ({
        from: clamp(Math.min(diagnostic.from, diagnostic.to)),
        to: clamp(Math.max(diagnostic.from, diagnostic.to)),
        severity: diagnostic.severity,
        source: diagnostic.code,
        message: diagnostic.message,
        renderMessage: () => prose(diagnostic.message),
        actions: actions(options, diagnostic, index),
      }))));
    },
    reveal(from, to) {
      const range = EditorSelection.range(clamp(from), clamp(to));
      const effects: StateEffect<unknown>[] = [
        EditorView.scrollIntoView(range, { y: "center" }),
      ];
      foldedRanges(view.state).between(range.from, range.to, (foldFrom, foldTo) => {
        effects.push(unfoldEffect.of({ from: foldFrom, to: foldTo }));
      });
      view.dispatch({ selection: range, effects });
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

const spec = ({ from, to, insert }: Change): ChangeSpec => ({ from, to, insert: lines(insert) });

/** The application's changes, when they are in range and do give its text. */
function applicable(state: EditorState, text: string, changes: Change[] | undefined): Change[] | null {
  if (!changes) return null;
  let end = 0;
  for (const change of changes) {
    if (change.from < end || change.to < change.from || change.to > state.doc.length) return null;
    end = change.to;
  }
  return state.changes(changes.map(spec)).apply(state.doc).eq(lines(text)) ? changes : null;
}

function actions(options: Options, diagnostic: Diagnostic, index: number) {
  if (options.readOnly || !options.onFix) return [];
  return diagnostic.fixes.map((name, fix) => ({ name, apply: () => options.onFix?.(index, fix) }));
}

function extensions(options: Options): Extension[] {
  const readOnly = options.readOnly ?? false;
  return [
    EditorState.lineSeparator.of(LINE_END),
    EditorState.readOnly.of(readOnly),
    EditorView.contentAttributes.of({ "aria-label": options.label, tabindex: "0" }),
    indentUnit.of("  "),
    EditorState.tabSize.of(2),
    EditorState.allowMultipleSelections.of(true),
    lineNumbers(),
    lintGutter(),
    foldGutter(),
    codeFolding(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    highlightSpecialChars({ specialChars: MARKED }),
    highlightSelectionMatches(),
    drawSelection(),
    dropCursor(),
    rectangularSelection(),
    crosshairCursor(),
    bracketMatching(),
    closeBrackets(),
    indentOnInput(),
    yaml(),
    search({ top: true }),
    theme,
    autocompletion({ override: [completions(options)], activateOnTyping: !readOnly }),
    help(options),
    EditorView.updateListener.of((update) => report(update, options)),
    EditorView.domEventHandlers({ beforeinput: overwrite }),
    Prec.high(keymap.of(historyKeys(options))),
    // Tab is left to the page: it moves the focus on.
    keymap.of([
      { key: "Ctrl-Space", run: startCompletion },
      ...closeBracketsKeymap, ...completionKeymap, ...searchKeymap, ...foldKeymap, ...lintKeymap, ...defaultKeymap,
    ]),
  ];
}

/**
 * Typing over a selection. Left to the browser, it keeps the look of what goes by an inline
 * style, which the page's policy refuses and reports.
 */
function overwrite(event: InputEvent, view: EditorView): boolean {
  const { from, to, empty } = view.state.selection.main;
  const text = event.data;
  if (event.inputType !== "insertText" || !text || event.isComposing || empty || view.state.readOnly) return false;
  const insert = () => view.state.update(view.state.replaceSelection(lines(text)), {
    userEvent: "input.type",
    scrollIntoView: true,
  });
  const handled = view.state.facet(EditorView.inputHandler).some((handler) => handler(view, from, to, text, insert));
  if (!handled) view.dispatch(insert());
  return true;
}

function historyKeys(options: Options) {
  const undo = () => (options.onUndo?.(), true);
  const redo = () => (options.onRedo?.(), true);
  return [
    { key: "Mod-z", run: undo, preventDefault: true },
    { key: "Mod-y", run: redo, preventDefault: true },
    { key: "Mod-Shift-z", run: redo, preventDefault: true },
  ];
}

function report(update: ViewUpdate, options: Options) {
  const own = update.transactions.filter((transaction) => transaction.docChanged && !transaction.annotation(remote));
  if (own.length > 0) {
    const changes: Change[] = [];
    update.changes.iterChanges((from, to, _newFrom, _newTo, inserted) => {
      changes.push({ from, to, insert: inserted.sliceString(0, undefined, LINE_END) });
    });
    options.onChange(changes, update.state.doc.toString());
  }
  if (update.selectionSet || update.docChanged) options.onCursor?.(update.state.selection.main.head);
}

function completions(options: Options) {
  return (context: CompletionContext): CompletionResult | null => {
    if (!options.complete || options.readOnly) return null;
    const found = options.complete(context.state.doc.toString(), context.pos) ?? [];
    if (found.length === 0) return null;
    const from = Math.min(...found.map((completion) => completion.from));
    return {
      from,
      options: found.map((completion) => ({
        label: completion.label,
        detail: completion.detail,
        type: completion.type,
        info: completion.info ? () => prose(completion.info ?? "") : undefined,
        apply: (view: EditorView, _chosen: unknown, _from: number, caret: number) => {
          // Typing since the list opened has moved the end of what is replaced.
          const to = completion.to + (caret - context.pos);
          const insert = completion.apply ?? completion.label;
          view.dispatch({
            changes: { from: completion.from, to, insert: lines(insert) },
            selection: { anchor: completion.from + (completion.caret ?? insert.length) },
            userEvent: "input.complete",
          });
        },
      })),
      validFor: /^[\w./-]*$/,
    };
  };
}

/** A text as people read it: what stands between backticks as code. */
function prose(text: string): HTMLElement {
  const element = document.createElement("span");
  text.split("`").forEach((part, index) => {
    const code = index % 2 === 1 && document.createElement("code");
    if (code) code.textContent = part;
    element.append(code || part);
  });
  return element;
}

function help(options: Options): Extension {
  if (!options.hover) return [];
  return hoverTooltip((view, pos) => {
    const text = options.hover?.(view.state.doc.toString(), pos);
    if (!text) return null;
    const word = view.state.wordAt(pos);
    return {
      pos: word?.from ?? pos,
      end: word?.to ?? pos,
      above: true,
      create: () => {
        const dom = document.createElement("div");
        dom.className = "cm-help";
        dom.append(prose(text));
        return { dom };
      },
    };
  });
}
