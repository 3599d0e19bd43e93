import { useState } from 'preact/hooks';
import type { TreeEntry, TreeNode } from '../content/tree.ts';

/** Entries of a branch shown at once. */
const PAGE = 200;
/** Branches with more entries are folded to begin with, below the first level. */
const OPEN_UP_TO = 30;

/** Values as a tree to unfold, with what keyboards and screen readers know of disclosures. */
export function TreeView({ node }: { readonly node: TreeNode }) {
  return node.kind === 'leaf' ? <Leaf node={node} /> : <Entries entries={node.entries} depth={0} />;
}

function Entries({ entries, depth }: { readonly entries: readonly TreeEntry[]; readonly depth: number }) {
  const [shown, setShown] = useState(PAGE);
  return (
    <ul class="tree">
      {entries.slice(0, shown).map(({ key, node }) => (
        <li key={key}>
          {node.kind === 'leaf' ? (
            <div class="tree-row">
              <span class="tree-key">{key}</span> <Leaf node={node} />
            </div>
          ) : (
            <Branch name={key} node={node} depth={depth} />
          )}
        </li>
      ))}
      {entries.length > shown && (
        <li>
          <button type="button" class="more" onClick={() => setShown(shown + PAGE)}>
            {(entries.length - shown).toLocaleString()} more
          </button>
        </li>
      )}
    </ul>
  );
}

interface BranchProps {
  readonly name: string;
  readonly node: TreeNode & { readonly kind: 'branch' };
  readonly depth: number;
}

function Branch({ name, node, depth }: BranchProps) {
  const { type, isList, entries } = node;
  const [isOpen, setIsOpen] = useState(depth < 2 && (depth === 0 || entries.length <= OPEN_UP_TO));
  const count = isList ? `[${entries.length}]` : `{${entries.length}}`;
  return (
    <details open={isOpen} onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary class="tree-row">
        <span class="tree-key">{name}</span> <span class="tree-type">{type}</span>
        <span class="tree-count">{count}</span>
      </summary>
      {isOpen && <Entries entries={entries} depth={depth + 1} />}
    </details>
  );
}

function Leaf({ node }: { readonly node: TreeNode & { readonly kind: 'leaf' } }) {
  const shown = node.type === 'string' ? JSON.stringify(node.text) : node.text;
  return <span class={`tree-value is-${node.type}`}>{shown}</span>;
}
