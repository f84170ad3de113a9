/** Every word of the interface. What a model writes and what a person typed is never here. */
import type { LoadProgress } from '../workers/protocol.ts';
import { duration, megabytes, roughly, threeFigures } from './format.ts';
import { choice } from './text-choice.ts';

const stages = {
  encode: 'Looking at pictures',
  prefill: 'Reading the prompt',
  decode: 'Writing',
} as const;

const again = (milliseconds: number | null) =>
  milliseconds === null ? 'trying again' : `trying again in ${roughly(milliseconds)}`;

const waiting = {
  offline: (milliseconds: number | null) =>
    `Offline: what has come is kept; ${again(milliseconds)}`,
  unreachable: (milliseconds: number | null) =>
    `The connection broke: what has come is kept; ${again(milliseconds)}`,
  'other-tab': () => 'Another tab is downloading this already: waiting for it',
} as const;

const graphs = { vision: 'eye', bridge: 'bridge', language: 'language model' } as const;

export const text = {
  title: 'Flamingo',

  intro: {
    heading: 'Show a picture or two with words. Then ask about the next one.',
    body:
      'This is a small vision-language model that takes its cue from the examples in its prompt. It runs on ' +
      'this device: pictures and words never leave it. You can write the prompt while it loads.',
    load: (bytes: number | null) =>
      bytes === null ? 'Load the model' : `Load the model (${megabytes(bytes)})`,
    loading: 'Loading…',
    size: (title: string, bytes: number) =>
      `${title}: ${megabytes(bytes)} to download, once. It is kept in this browser afterwards.`,
    sizeUnknown: 'Finding out how large the model is…',
  },

  choice,

  progress: {
    label: 'Loading the model',
    line: (progress: LoadProgress | null): string => {
      if (!progress) return 'Starting…';
      switch (progress.stage) {
        case 'download': {
          const { loaded, total, bytesPerSecond, source } = progress;
          const done = `${megabytes(loaded)} of ${megabytes(total)}`;
          if (source === 'cache') return `From this browser’s storage: ${done}`;
          if (bytesPerSecond <= 0 || loaded >= total) return `Downloading: ${done}`;
          const left = roughly(((total - loaded) / bytesPerSecond) * 1000);
          return `Downloading: ${done}, ${megabytes(bytesPerSecond)}/s, ${left} left`;
        }
        case 'waiting':
          return waiting[progress.reason](progress.milliseconds);
        case 'storage':
          return progress.message;
        case 'self-check':
          return 'First time on this GPU: checking that it computes what it should';
        case 'compile':
          return `Preparing the ${graphs[progress.graph]} (${progress.done} of ${progress.total} parts ready)`;
        case 'warm-up':
          return 'Warming up: the first run prepares the GPU or CPU code';
        case 'ready':
          return 'Ready';
      }
    },
  },

  model: {
    none: 'No model loaded',
    loading: 'Loading…',
    failed: 'Model not loaded',
    ready: 'The model is ready.',
    readyAgain: 'The model is ready again. Your prompt is as it was: ask again.',
    again:
      'The model is being loaded again from this browser’s storage. Your prompt stays as it is.',
    useWasm: 'Use the processor (WASM)',
    webgpu: (adapter: string) => `On your GPU (WebGPU, ${adapter})`,
    software: (adapter: string) => `On an emulated GPU (WebGPU, ${adapter}): slow`,
    wasm: (adapter: string) => `On your processor (WASM, ${adapter})`,
  },

  presets: {
    legend: 'What do you want?',
    names: {
      caption: 'Caption',
      describe: 'Describe',
      question: 'Question',
      classify: 'Classify',
      free: 'Free',
    },
    hints: {
      caption: 'A short line about the picture. Examples set its manner.',
      describe: 'A longer sentence. Examples set what it dwells on.',
      question: 'An answer to your question. Examples show how short it should be.',
      classify: 'A name for the picture. Give an example or two of each name you use.',
      free: 'Your text as typed, after the pictures. The model goes on where it ends.',
    },
  },

  prompt: {
    heading: 'Prompt',
    answerFields: {
      caption: 'caption',
      describe: 'description',
      question: 'answer',
      classify: 'name',
    },
    example: (place: number) => `Example ${place}`,
    question: 'Your picture',
    questionFree: 'Your text',
    add: 'Add an example',
    addHint: 'or drop pictures here',
    firstExample: 'Examples are optional: a picture with the words you would like for it.',
    moveUp: (place: number) => `Move example ${place} up`,
    moveDown: (place: number) => `Move example ${place} down`,
    remove: (place: number) => `Remove example ${place}`,
    moved: (from: number, to: number) => `Example ${from} is now example ${to}.`,
    clear: 'Start over',
    cleared: 'The prompt is empty.',
    removed: (place: number) => `Example ${place} removed.`,
    fieldLabel: (card: string, field: string) => `${card}: ${field}`,
    questionField: 'question',
    freeField: 'text',
    openEnd: 'written by the model',
    placeholders: {
      caption: 'the caption you would write',
      describe: 'the description you would write',
      answer: 'the answer you would give',
      classify: 'its name',
      question: 'What is in the picture?',
      freeExample: 'The whole text of this example',
      free: 'Type the text that the model continues',
    },
  },

  picture: {
    add: 'Add a picture',
    addMore: 'Add another',
    hint: 'drop, paste or pick',
    replace: 'Replace',
    pickFor: (card: string) => `Add a picture to “${card}”`,
    replaceFor: (card: string) => `Replace the picture of “${card}”`,
    remove: (name: string) => `Remove the picture ${name}`,
    alt: (card: string, name: string) => `${card}: ${name}`,
    broken: 'This file cannot be shown as a picture. Save it as JPEG or PNG and try again.',
    pasted: 'pasted picture',
    unnamed: 'picture',
    notPictures: (names: string[]) =>
      `${names.join(', ')}: not a picture. Use JPEG, PNG, WebP, GIF or AVIF.`,
    elsewhere:
      'That picture lies on another site. Copy the picture itself and paste it here, or save it and drop the file.',
    added: (count: number) => (count === 1 ? 'Picture added.' : `${count} pictures added.`),
  },

  worked: {
    caption: 'Two pictures with made-up names, and a third to be named:',
    picture: (place: number) =>
      place < 3 ? `Example ${place} of a prompt` : 'The picture that is asked about',
    note: (model: string) =>
      `The underlined word is what ${model} answered to exactly this prompt. It is stored with the page; ` +
      'nothing has run here yet.',
    take: 'Take this prompt',
    taken: 'The prompt is filled in. Load the model, then ask.',
  },

  tray: {
    heading: 'Or try one',
    use: (title: string) => `Try: ${title}`,
    failed: 'The picture could not be fetched. Check the connection and try again.',
  },

  ask: {
    ask: 'Ask',
    stop: 'Stop',
    stopping: 'Stopping…',
    rank: 'Rank labels',
  },

  options: {
    heading: 'Options',
    method: 'Choice of words',
    methods: {
      greedy: 'Likeliest',
      sample: 'Sampled',
      beam: 'Beam of three',
    },
    methodHints: {
      greedy: 'Always the likeliest token. The same prompt gives the same answer.',
      sample: 'Drawn at random by probability. Each time another answer.',
      beam: 'Follows three answers and keeps the likeliest. Slower.',
    },
    temperature: 'Temperature',
    topP: 'Top-p',
    tokens: 'Longest answer, in tokens',
  },

  answer: {
    heading: 'Answer',
    empty: 'The answer appears here.',
    stage: (stage: keyof typeof stages, done: number, total: number) =>
      total > 1 ? `${stages[stage]}, ${done} of ${total}` : stages[stage],
    waiting: 'Waiting for the worker',
    nothing: 'The model ended without a word. An example may help.',
    ends: { cancelled: 'Stopped.', length: 'Cut at the longest length.', 'end-of-chunk': '' },
    copy: 'Copy',
    copied: 'Copied.',
    copyFailed: 'The browser did not allow copying. Select the text and copy it by hand.',
    again: 'Again',
    keep: 'Keep as example',
    kept: (place: number) => `Kept as example ${place}. Correct it there if it is wrong.`,
    done: (answer: string) => `Answer: ${answer}`,
    stopped: (answer: string) => `Stopped. Answer so far: ${answer}`,
    ranked: (best: string) => `Likeliest: ${best}`,
    ranking: 'Labels, likeliest first',
    rankNote: 'Shares of exp(mean log-probability) among these labels.',
    logprob: (value: number) => `mean log p ${value.toFixed(2).replace('-', '−')}`,
    percent: (share: number) => `${Math.round(share * 100)} %`,
  },

  figures: {
    label: 'Figures of this answer',
    firstToken: 'First token',
    speed: 'Speed',
    tokens: 'Written',
    prompt: 'Prompt read',
    pictures: 'Pictures encoded',
    total: 'Time',
    seconds: duration,
    perSecond: (value: number) => `${threeFigures(value)} tokens/s`,
    count: (count: number) => `${count} ${count === 1 ? 'token' : 'tokens'}`,
    ofTokens: (read: number, all: number) => `${read} of ${all} tokens`,
    ofPictures: (encoded: number, all: number) => `${encoded} of ${all}`,
    none: '–',
  },

  keys: {
    heading: 'Keys',
    rows: (modifier: string): [string, string][] => [
      [`${modifier} Enter`, 'ask'],
      ['Esc', 'stop'],
      [`${modifier} V`, 'paste a picture into the card you are in'],
      ['Alt ↑ ↓', 'move the example you are in'],
    ],
  },

  problems: {
    'no-picture': 'Add a picture to ask about: drop, paste or pick one, or try one of ours.',
    'no-question': 'Type a question about the picture.',
    empty: 'Type some text or add a picture.',
    'example-no-picture': (place: number) =>
      `Example ${place} has no picture. Add one, or remove the example.`,
    'example-no-question': (place: number) =>
      `Example ${place} has no question. Type one, or remove the example.`,
    'example-no-answer': (place: number) =>
      `Example ${place} has no words yet. Type them, or remove the example.`,
    'not-loaded': 'Load the model first. Your prompt stays as it is.',
    loading: 'The model is still loading. Your prompt stays as it is.',
    'few-labels': 'Ranking needs at least two different names in the examples.',
  },

  errors: {
    label: 'Something went wrong',
    retry: 'Try again',
    detail: 'Details for a bug report',
    offline:
      'The model could not be reached. Check that the server still runs and that you are online, then try again.',
    http: (status: number, folder: string) =>
      status === 404
        ? `No model lies at ${folder}. Check the name after “?model=” in the address.`
        : `The server answered with an error (${status}). Wait a moment, then try again.`,
    badManifest:
      'The model’s description is damaged. Reload the page; if that does not help, export the model anew.',
    internal: 'Something unforeseen went wrong. Try again; if it stays, reload the page.',
    hung: 'The model gave no sign for ten minutes and was ended. Try again, with fewer pictures or a shorter prompt.',
    workerDied:
      'The part of the page that runs the model has stopped, most often because memory ran out. Close other tabs, then load the model again. Your prompt is kept.',
    wrongParameter: {
      backend:
        'The address asks for an unknown backend; “auto” is used. Known are auto, webgpu and wasm.',
      model:
        'The address names a model with characters that are not allowed; the default model is used.',
    },
  },

  update: {
    ready: 'A new version of this page is ready. Your prompt is kept.',
    take: 'Update now',
  },

  stored: {
    open: 'Stored models',
    heading: 'Stored in this browser',
    close: 'Close',
    none: 'No model is stored yet.',
    model: (title: string, bytes: number, complete: boolean) =>
      complete
        ? `${title}: ${megabytes(bytes)}, works without a network`
        : `${title}: ${megabytes(bytes)} so far, not complete`,
    unused: (bytes: number) => `${megabytes(bytes)} that no model needs any more`,
    usage: (usage: number, quota: number) =>
      `This page uses ${megabytes(usage)} of the ${megabytes(quota)} that the browser gives it.`,
    persisted: 'The browser keeps it until you delete it.',
    notPersisted: 'The browser may delete it when the disk is nearly full.',
    verify: 'Verify',
    verifyLabel: (title: string) => `Verify ${title}`,
    delete: 'Delete',
    deleteLabel: (title: string) => `Delete ${title}`,
    deleteUnused: 'Delete what is not needed',
    verifying: 'Reading all of it…',
    good: 'Every file is as it should be.',
    bad: (files: string[]) =>
      `Damaged and deleted: ${files.join(', ')}. They are fetched again at the next load.`,
    deleted: 'Deleted.',
  },

  footer: {
    credits: 'Pictures and licences',
    pictures: 'Example pictures',
    parts: 'Parts of the model',
    privacy: 'Nothing you type or drop leaves this device.',
    by: (author: string) => `by ${author}`,
  },
} as const;
