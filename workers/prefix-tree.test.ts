import { expect, test } from 'vitest';
import { type Kept, PrefixTree } from './prefix-tree.ts';

/** Chunks of 10 bytes that know their name; `gone` are those that were disposed of. */
function chunks() {
  const gone: string[] = [];
  const make = (path: string[]) => (i: number) => {
    const name = path.slice(0, i + 1).join('');
    return { name, bytes: 10, dispose: () => gone.push(name) };
  };
  return { gone, make };
}
type Named = Kept & { name: string };
const names = (tree: PrefixTree<Named>, path: string) =>
  tree.find([...path]).map(({ name }) => name);

test('gives the chunks two prompts have in common', () => {
  const { make } = chunks();
  const tree = new PrefixTree<Named>(1000);
  tree.keep([...'abc'], make([...'abc']));
  tree.keep([...'abd'], make([...'abd']));
  expect(names(tree, 'abcx')).toEqual(['a', 'ab', 'abc']);
  expect(names(tree, 'abd')).toEqual(['a', 'ab', 'abd']);
  expect(names(tree, 'b')).toEqual([]);
  expect(tree.bytes).toBe(40);
});

test('makes only what is not known', () => {
  const { make } = chunks();
  const tree = new PrefixTree<Named>(1000);
  const made: number[] = [];
  const counting = (path: string) => (i: number) => {
    made.push(i);
    return make([...path])(i);
  };
  tree.keep([...'abc'], counting('abc'));
  tree.keep([...'axc'], counting('axc'));
  expect(made).toEqual([0, 1, 2, 1, 2]);
});

test('over its budget it drops the tips of what was not used for longest', () => {
  const { gone, make } = chunks();
  const tree = new PrefixTree<Named>(50);
  tree.keep([...'abc'], make([...'abc']));
  tree.keep([...'xy'], make([...'xy']));
  tree.find([...'abc']);
  tree.keep([...'xz'], make([...'xz']));
  expect(gone).toEqual(['xy']);
  tree.keep([...'xzw'], make([...'xzw']));
  expect(gone).toEqual(['xy', 'abc']);
  expect(tree.bytes).toBe(50);
});

test('a path larger than the budget keeps its beginning', () => {
  const { gone, make } = chunks();
  const tree = new PrefixTree<Named>(20);
  tree.keep([...'abcd'], make([...'abcd']));
  expect(gone).toEqual(['abcd', 'abc']);
  expect(names(tree, 'abcd')).toEqual(['a', 'ab']);
  tree.clear();
  expect(tree.bytes).toBe(0);
  expect(gone).toHaveLength(4);
});
