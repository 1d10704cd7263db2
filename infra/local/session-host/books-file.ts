import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { type BooksContent, emptyBooks, parseBooks } from './books.ts';
import { errnoOf, StartError } from './errors.ts';

/**
 * Reads the books; a file that does not exist is empty books.
 *
 * @throws StartError where the file cannot be understood: it is the only proof of what runs and what is to be
 * billed, so it is left as it is
 */
export const readBooksFile = (path: string): BooksContent => {
  const text = readIfThere(path);
  if (text === undefined) return emptyBooks();
  const result = parseBooks(text);
  if ('content' in result) return result.content;
  throw new StartError(
    `the books of the session host cannot be read, and are left untouched: ${path}: ${result.fault}\n` +
      'Mend the file, or move it away to start with empty books.',
  );
};

/** Replaces a file as a whole: whoever reads it, whenever the power fails, has the old text or the new one. */
export const writeAtomically = (path: string, text: string): void => {
  const temporary = `${path}.tmp`;
  const file = openSync(temporary, 'w');
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
};

/** The text of a file, or undefined where there is none. */
export const readIfThere = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
};
