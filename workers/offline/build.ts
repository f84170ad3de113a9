/** What the service worker knows of the build it belongs to: written by `tools/build/plugin.ts`. */

export interface BuiltFile {
  /** From the folder of the page. */
  path: string;
  /** SHA-256 in base64, as in `integrity`. */
  sha256: string;
  /** Set where the file is needed only with this build of ONNX Runtime. */
  build?: 'jspi' | 'asyncify';
}

export interface Build {
  /** Another for every change of any file. */
  version: string;
  files: BuiltFile[];
  /** What the page is served with. */
  headers: Record<string, string>;
}
