/** `npm run kernels`: compiles `workers/kernels/assembly` into the module that is committed beside it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, command, note, ROOT } from './project.mjs';

export const MODULE = join(ROOT, 'workers', 'kernels', 'kernels.wasm');

/** Memory is shared by the threads and belongs to the page; below 4096 lies the header (`layout.ts`). */
const OPTIONS = [
  ...['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd,threads,bulk-memory'],
  ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
  ...['--memoryBase', '4096'],
];

/**
 * Compiles the kernels.
 *
 * @returns {Promise<Uint8Array>} the module; the same source gives the same bytes
 * @throws {CommandError} the source has an error
 */
export async function compileKernels() {
  const { default: asc } = await import('assemblyscript/asc');
  /** @type {Uint8Array | undefined} */
  let module;
  const { error, stderr } = await asc.main(
    [
      'workers/kernels/assembly/index.ts',
      '--baseDir',
      ROOT,
      '--outFile',
      'kernels.wasm',
      ...OPTIONS,
    ],
    {
      writeFile: (_name, contents) => {
        if (contents instanceof Uint8Array) module = contents;
      },
    },
  );
  if (error || !module) throw new CommandError(`The kernels do not compile:\n${stderr}`);
  return module;
}

if (process.argv[1]?.endsWith('kernels.mjs')) {
  await command(async () => {
    const module = await compileKernels();
    writeFileSync(MODULE, module);
    note(`${MODULE}: ${module.length} bytes`);
    return 0;
  });
}
