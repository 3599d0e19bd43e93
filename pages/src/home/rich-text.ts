import { baseKeymap, chainCommands, exitCode, toggleMark } from 'prosemirror-commands';
import { inputRules, smartQuotes, textblockTypeInputRule, wrappingInputRule } from 'prosemirror-inputrules';
import { keymap } from 'prosemirror-keymap';
import { Schema } from 'prosemirror-model';
import { marks, nodes } from 'prosemirror-schema-basic';
import { bulletList, liftListItem, listItem, orderedList, sinkListItem, splitListItem } from 'prosemirror-schema-list';
import type { Plugin } from 'prosemirror-state';

/** Paragraphs, headings, lists, quotes and code, with emphasis and links. */
export const schema = new Schema({
  nodes: {
    ...nodes,
    ordered_list: { ...orderedList, content: 'list_item+', group: 'block' },
    bullet_list: { ...bulletList, content: 'list_item+', group: 'block' },
    list_item: { ...listItem, content: 'paragraph block*' },
  },
  marks,
});

const { heading, blockquote, code_block: codeBlock, bullet_list: bullets, ordered_list: numbers } = schema.nodes;

/** What one types as in Markdown, and the keys of every editor. */
export function richTextPlugins(): readonly Plugin[] {
  return [
    inputRules({
      rules: [
        ...smartQuotes,
        textblockTypeInputRule(/^(#{1,3})\s$/, heading, ([, hashes = '']) => ({ level: hashes.length })),
        textblockTypeInputRule(/^```$/, codeBlock),
        wrappingInputRule(/^\s*>\s$/, blockquote),
        wrappingInputRule(/^\s*[-+*]\s$/, bullets),
        wrappingInputRule(/^1\.\s$/, numbers),
      ],
    }),
    keymap({
      'Mod-b': toggleMark(schema.marks.strong),
      'Mod-i': toggleMark(schema.marks.em),
      'Mod-`': toggleMark(schema.marks.code),
      'Shift-Enter': chainCommands(exitCode, (state, dispatch) => {
        dispatch?.(state.tr.replaceSelectionWith(schema.nodes.hard_break.create()).scrollIntoView());
        return true;
      }),
      Enter: splitListItem(schema.nodes.list_item),
      Tab: sinkListItem(schema.nodes.list_item),
      'Shift-Tab': liftListItem(schema.nodes.list_item),
    }),
    keymap(baseKeymap),
  ];
}
