// The editor and the before/after comparison, in a separate script. They live in a shadow root, where a style sheet can
// be adopted without the inline styles that the page's security policy forbids.

import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { python } from "@codemirror/lang-python";
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState, RangeSet, StateEffect, StateField, type Extension } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, keymap, lineNumbers, type DecorationSet } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { EditorOptions, Editing } from "../lesson/editor";
import type { Place } from "../shared/types";

const LARGEST = 200_000; // characters; the server refuses longer texts

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.controlKeyword, tags.definitionKeyword, tags.moduleKeyword, tags.operatorKeyword], class: "keyword" },
  { tag: [tags.string, tags.special(tags.string)], class: "string" },
  { tag: [tags.number, tags.bool, tags.null], class: "number" },
  { tag: [tags.comment], class: "comment" },
  { tag: [tags.function(tags.definition(tags.variableName)), tags.definition(tags.className)], class: "name" },
]);

const look = EditorView.theme({
  "&": { backgroundColor: "transparent", color: "var(--ink)", fontSize: "15px" },
  "&.cm-focused": { outline: "2px solid var(--focus)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "24px", fontVariantLigatures: "none" },
  ".cm-content": { padding: "12px 0", caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  ".cm-line": { padding: "0 12px" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--muted)", border: "none" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "44px", padding: "0 12px 0 0", fontSize: "13px" },
  ".cm-lineNumbers + .cm-content, .cm-gutters + .cm-content": { marginLeft: "-12px" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": { backgroundColor: "var(--selection)" },
  ".keyword": { color: "var(--code-keyword)", fontWeight: "600" },
  ".string": { color: "var(--code-string)" },
  ".number": { color: "var(--code-number)" },
  ".comment": { color: "var(--muted)", fontStyle: "italic" },
  ".name": { color: "var(--code-name)" },
  ".cm-judged": { backgroundColor: "var(--bad-paper)", boxShadow: "inset 3px 0 var(--bad)" },
  ".cm-changedLine": { backgroundColor: "var(--fixed-paper) !important" },
  ".cm-deletedChunk, &.cm-merge-a .cm-changedLine": { backgroundColor: "var(--bad-paper) !important" },
  ".cm-changeGutter": { display: "none" },
});

const judged = StateEffect.define<number[]>();
const judgedLines = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(held, change) {
    let now = held.map(change.changes);
    for (const effect of change.effects)
      if (effect.is(judged)) {
        const lines = effect.value.filter((line) => line >= 1 && line <= change.state.doc.lines).sort((a, b) => a - b);
        const mark = Decoration.line({ class: "cm-judged" });
        now = RangeSet.of(lines.map((line) => mark.range(change.state.doc.line(line).from)));
      }
    return now;
  },
  provide: (field) => EditorView.decorations.from(field),
});

// Replaces a selection of several lines: the browser's default leaves inline styles, which the page's policy forbids.
const typedOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const text = event.data;
    if (event.isComposing || event.inputType !== "insertText" || text === null) return false;
    const [from, to] = selected(view);
    if (view.state.doc.lineAt(from).to >= to && !text.includes("\n")) return false;
    event.preventDefault();
    const changes = { from, to, insert: text };
    view.dispatch({ changes, selection: { anchor: from + text.length }, userEvent: "input.type", scrollIntoView: true });
    return true;
  },
});

/** The browser's selection, which reaches the editor's state slightly later. */
function selected(view: EditorView): [number, number] {
  const root = view.root as ShadowRoot & { getSelection?: () => Selection | null };
  const shown = root.getSelection?.() ?? document.getSelection();
  const main = view.state.selection.main;
  if (!shown?.anchorNode || !shown.focusNode) return [main.from, main.to];
  if (!view.contentDOM.contains(shown.anchorNode) || !view.contentDOM.contains(shown.focusNode)) return [main.from, main.to];
  const ends = [view.posAtDOM(shown.anchorNode, shown.anchorOffset), view.posAtDOM(shown.focusNode, shown.focusOffset)];
  return [Math.min(...ends), Math.max(...ends)];
}

function grammar(language: string): Extension {
  if (language === "python") return [python(), indentUnit.of("    ")];
  return [javascript({ typescript: language === "typescript" }), indentUnit.of("  ")];
}

function reading(language: string): Extension[] {
  return [look, syntaxHighlighting(colours), grammar(language), lineNumbers()];
}

function shadow(host: HTMLElement): ShadowRoot {
  const frame = document.createElement("div");
  host.append(frame);
  return frame.attachShadow({ mode: "open" });
}

function edit(host: HTMLElement, options: EditorOptions): Editing {
  const root = shadow(host);
  const small = EditorState.changeFilter.of((change) => {
    if (change.newDoc.length <= LARGEST) return true;
    options.onRefuse(`That is more than ${LARGEST.toLocaleString("en")} characters. The text was not changed.`);
    return false;
  });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        ...reading(options.language),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        closeBrackets(),
        judgedLines,
        typedOver,
        small,
        // Tab is left to the browser, so that it moves the focus out of the editor.
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap]),
        EditorView.contentAttributes.of({ "aria-label": options.label, spellcheck: "false" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) options.onChange(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    get: () => view.state.doc.toString(),
    set: (text) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } }),
    mark: (places: Place[]) => view.dispatch({ effects: judged.of([...new Set(places.map((place) => place.line))]) }),
    focus: () => view.focus(),
    destroy: () => {
      view.destroy();
      root.host.remove();
    },
  };
}

function compare(
  host: HTMLElement,
  options: { before: string; after: string; language: string; narrow: boolean },
): { destroy(): void } {
  const root = shadow(host);
  const fixed = [...reading(options.language), EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.lineWrapping];
  const described = (label: string) => EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" });
  if (options.narrow) {
    const merged = unifiedMergeView({ original: options.before, mergeControls: false, gutter: false, highlightChanges: false });
    const view = new EditorView({ root, parent: root, doc: options.after, extensions: [...fixed, merged, described("before and after")] });
    return { destroy: () => (view.destroy(), root.host.remove()) };
  }
  const view = new MergeView({
    root,
    parent: root as unknown as HTMLElement,
    gutter: false,
    highlightChanges: false,
    a: { doc: options.before, extensions: [...fixed, described("as written")] },
    b: { doc: options.after, extensions: [...fixed, described("fixed")] },
  });
  return { destroy: () => (view.destroy(), root.host.remove()) };
}

window.looktwiceEditor = { edit, compare };
