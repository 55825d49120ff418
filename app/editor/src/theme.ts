/** The editor's look, from the page's custom properties, so that it follows the page's theme. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const panel = {
  backgroundColor: "var(--raised)",
  color: "var(--text)",
  border: "1px solid var(--line-strong)",
  borderRadius: "var(--radius)",
  boxShadow: "var(--shadow-high)",
};

const squiggle = (color: string) => ({
  backgroundImage: "none",
  textDecoration: `underline wavy ${color}`,
  textDecorationSkipInk: "none",
  textUnderlineOffset: "3px",
});

const look = EditorView.theme({
  "&": { height: "100%", color: "var(--text)", backgroundColor: "var(--surface)", fontSize: "var(--type-m)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--accent)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--accent)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 22%, transparent)",
  },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--accent) 6%, transparent)" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--muted)", border: "0", borderRight: "1px solid var(--line)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--accent-soft)", color: "var(--accent)", border: "0", padding: "0 4px" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-soft)", outline: "1px solid var(--accent)" },
  ".cm-searchMatch": { backgroundColor: "var(--warning-soft)", outline: "1px solid var(--warning)" },
  ".cm-searchMatch-selected": { backgroundColor: "color-mix(in srgb, var(--warning) 45%, transparent)" },
  ".cm-tooltip": panel,
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", fontSize: "var(--type-s)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal" },
  "li[aria-selected] .cm-completionDetail": { color: "inherit" },
  ".cm-completionInfo, .cm-help": { ...panel, maxWidth: "44ch", padding: "8px 10px", fontFamily: "var(--sans)", whiteSpace: "pre-wrap" },
  ".cm-help": { border: "0", boxShadow: "none" },
  ".cm-diagnosticText, .cm-completionInfo": { whiteSpace: "pre-wrap" },
  "code": { fontFamily: "var(--mono)", fontSize: "0.92em" },
  ".cm-panels": { backgroundColor: "var(--surface)", color: "var(--text)", borderColor: "var(--line)" },
  ".cm-textfield, .cm-button": {
    backgroundColor: "var(--raised)", backgroundImage: "none", color: "var(--text)",
    border: "1px solid var(--line-strong)", borderRadius: "6px", minHeight: "26px",
  },
  ".cm-textfield:focus-visible, .cm-button:focus-visible, .cm-panel button:focus-visible, .cm-diagnosticAction:focus-visible": {
    outline: "2px solid var(--accent)", outlineOffset: "1px",
  },
  ".cm-panel button[name=close]": { color: "var(--muted)" },
  ".cm-diagnostic": { fontFamily: "var(--sans)", fontSize: "var(--type-s)", padding: "8px 10px" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--error)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warning)" },
  ".cm-diagnostic-info": { borderLeftColor: "var(--accent)" },
  ".cm-diagnosticSource": { color: "var(--muted)", opacity: "1", fontFamily: "var(--mono)" },
  ".cm-diagnosticAction": { backgroundColor: "var(--accent)", color: "var(--on-accent)", borderRadius: "6px", padding: "3px 8px" },
  ".cm-lintRange-error": squiggle("var(--error)"),
  ".cm-lintRange-warning": squiggle("var(--warning)"),
  ".cm-lintRange-info": squiggle("var(--accent)"),
  ".cm-lintRange-active": { backgroundColor: "var(--error-soft)" },
  ".cm-lint-marker": { content: "none", width: "9px", height: "9px", margin: "4px auto 0" },
  ".cm-lint-marker-error": { backgroundColor: "var(--error)", borderRadius: "50%" },
  ".cm-lint-marker-warning": { backgroundColor: "var(--warning)", clipPath: "polygon(50% 0, 100% 100%, 0 100%)" },
  ".cm-lint-marker-info": { backgroundColor: "var(--accent)" },
});

const colors = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--kind-text)" },
  { tag: [tags.string, tags.content], color: "var(--text)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--kind-candidates)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--muted)", fontStyle: "italic" },
  { tag: [tags.keyword, tags.typeName, tags.labelName, tags.meta], color: "var(--kind-label)" },
  { tag: [tags.punctuation, tags.separator, tags.bracket], color: "var(--muted)" },
  { tag: tags.invalid, color: "var(--error)" },
]);

export const theme: Extension = [look, syntaxHighlighting(colors)];
