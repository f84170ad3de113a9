/** A folder that a person opens from the disk: only what lies in it directly, and nothing is read yet. */
import type { FolderFiles } from '../../workers/weights/folder.ts';

export interface OpenFolder {
  name: string;
  files: FolderFiles;
}

/** What a directory picker gives. Paths begin with the folder's own name; files further down are left out. */
export function pickedFolder(picked: Iterable<File>): OpenFolder | null {
  const files: Record<string, File> = {};
  let folder: string | null = null;
  for (const file of picked) {
    const [name = '', ...rest] = file.webkitRelativePath.split('/');
    folder ??= name;
    if (rest.length === 1) files[file.name] = file;
  }
  return folder === null ? null : { name: folder, files };
}

/** The folder that is being dropped, or null where it is none. To be called while the event is handled. */
export function droppedFolder(data: DataTransfer): Promise<OpenFolder> | null {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry());
  const folder = entries.find((entry) => entry?.isDirectory);
  return folder ? readFolder(folder as FileSystemDirectoryEntry) : null;
}

async function readFolder(folder: FileSystemDirectoryEntry): Promise<OpenFolder> {
  const files: Record<string, File> = {};
  const reader = folder.createReader();
  for (;;) {
    // A reader gives some entries at a time, none at the end.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (entries.length === 0) return { name: folder.name, files };
    for (const entry of entries.filter(({ isFile }) => isFile)) {
      files[entry.name] = await new Promise<File>((resolve, reject) =>
        (entry as FileSystemFileEntry).file(resolve, reject),
      );
    }
  }
}
