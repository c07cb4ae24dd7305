/**
 * YAML with the fields of its kind offered. It stands in a shadow tree of its own: there the editor adopts its style sheets, while in the page
 * it would write style elements, which the page's policy does not let in.
 */
import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, linter } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { type ReactElement, useEffect, useRef } from "react";
import { type KindPath, KINDS } from "../api/kinds.ts";
import { at } from "../api/look.ts";
import { answerTo } from "../api/call.ts";
import { texts } from "../texts.ts";
import { useShownTheme } from "../ui/theme.ts";
import { offersIn, pathAt, wordsIn } from "./completion.ts";
import { readManifest } from "./manifest.ts";

type Props = {
  readonly kind: KindPath;
  readonly text: string;
  readonly onText: (text: string) => void;
};

let reading: Promise<unknown> | null = null;
/** The API's document, read once. */
const openApi = (): Promise<unknown> =>
  (reading ??= answerTo("/openapi.json", {}).then((answer) => answer.json()));

export function YamlEditor({ kind, text, onText }: Props): ReactElement {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const theme = useShownTheme();
  const tell = useRef(onText);
  tell.current = onText;
  useEffect(() => {
    if (host.current === null) return;
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: "open" });
    const made = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: view.current?.state.doc ?? text,
        extensions: [...extensionsOf(kind, theme), followed((next) => tell.current(next))],
      }),
    });
    view.current = made;
    return () => made.destroy();
    // The text is where the editor begins: it is the editor's own then, as another one at each key would lose what is typed meanwhile.
  }, [kind, theme]);
  return <div ref={host} className="editor border rounded-3 overflow-hidden" data-editor={kind} />;
}

const followed = (onText: (text: string) => void) =>
  EditorView.updateListener.of((update) => {
    if (update.docChanged) onText(update.state.doc.toString());
  });

const extensionsOf = (kind: KindPath, theme: "light" | "dark") => [
  lineNumbers(),
  history(),
  yaml(),
  // Tab moves on, as everywhere in a page: two spaces are typed (WCAG 2.1.2).
  keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
  autocompletion({ override: [(context) => complete(context, kind)] }),
  linter((editor) => faultsIn(editor.state.doc.toString())),
  EditorView.lineWrapping,
  EditorView.contentAttributes.of({ "aria-label": texts.objects.editor }),
  styleOf(theme),
  syntaxHighlighting(COLOURS[theme]),
];

function faultsIn(text: string): readonly Diagnostic[] {
  const read = readManifest(text);
  if (read.ok) return [];
  const { from, to, message } = read.error;
  return [{ from, to: Math.min(to, text.length), message, severity: "error" }];
}

async function complete(
  context: CompletionContext,
  kind: KindPath,
): Promise<CompletionResult | null> {
  const before = context.state.sliceDoc(0, context.pos);
  const schema = at(await openApi(), "components", "schemas", KINDS[kind].kind);
  const line = before.slice(before.lastIndexOf("\n") + 1);
  const [, key, word] = /^\s*(?:- )*([\w./-]+):\s+(\w*)$/.exec(line) ?? [];
  if (key !== undefined) {
    const options = wordsIn(schema, [...pathAt(before), key]).map((label) => ({ label }));
    return { from: context.pos - (word ?? "").length, options };
  }
  const typed = /[\w-]*$/.exec(line)?.[0] ?? "";
  if (typed === "" && !context.explicit) return null;
  const options = offersIn(schema, pathAt(before)).map(completionOf);
  return { from: context.pos - typed.length, options };
}

const completionOf = ({
  name,
  type,
  about,
  isRequired,
}: ReturnType<typeof offersIn>[number]): Completion => ({
  label: name,
  apply: `${name}: `,
  detail: type,
  info: about,
  boost: isRequired ? 1 : 0,
});

const styleOf = (theme: "light" | "dark") => {
  const isDark = theme === "dark";
  const [paper, ink, margin] = isDark
    ? ["#1a1d23", "#e6e8eb", "#a7afba"]
    : ["#fff", "#1b1f24", "#5b6470"];
  return EditorView.theme(
    {
      "&": {
        backgroundColor: paper,
        color: ink,
        fontSize: "0.9rem",
        minHeight: "20rem",
        maxHeight: "60vh",
      },
      ".cm-scroller": { fontFamily: "ui-monospace, SFMono-Regular, Menlo, monospace" },
      ".cm-gutters": { backgroundColor: paper, color: margin, border: "none" },
      ".cm-tooltip": { backgroundColor: paper, color: ink },
      "&.cm-focused": { outline: "3px solid #5b8def", outlineOffset: "-3px" },
      ".cm-cursor": { borderLeftColor: ink },
    },
    { dark: isDark },
  );
};

type Colours = { readonly [part in "key" | "text" | "number" | "note"]: string };

const coloursOf = ({ key, text, number, note }: Colours): HighlightStyle =>
  HighlightStyle.define([
    { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: key },
    { tag: [tags.string, tags.content], color: text },
    { tag: [tags.number, tags.bool, tags.null], color: number },
    { tag: tags.comment, color: note },
  ]);

const COLOURS = {
  light: coloursOf({ key: "#0b4f9e", text: "#1b5e20", number: "#8a3b00", note: "#5b6470" }),
  dark: coloursOf({ key: "#8ab4ff", text: "#a5d6a7", number: "#ffb77a", note: "#a7afba" }),
};
