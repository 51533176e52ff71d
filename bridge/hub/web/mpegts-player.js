/** The seam to mpegts.js: loads the file that the hub serves beside the page, and feeds it from memory. */

let loading = null;

/**
 * @returns {Promise<object>}  the library; the first call starts the download. Rejects when it cannot be had, and the
 *   next call tries again
 */
export function loadMpegts() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = '/mpegts.js';
    script.onload = () => {
      // The page shows failures in its own words; the console keeps only errors.
      Object.assign(globalThis.mpegts.LoggingControl, {
        enableVerbose: false, enableDebug: false, enableInfo: false, enableWarn: false,
      });
      resolve(globalThis.mpegts);
    };
    script.onerror = () => {
      script.remove();
      loading = null;
      reject(new Error('mpegts.js did not load'));
    };
    document.head.append(script);
  });
  return loading;
}

// Hands bytes to the library. It asks for a loader only when MediaSource is open, so what comes earlier is kept.
function createPipe() {
  let loader = null;
  let position = 0;
  const kept = [];
  const deliver = (bytes) => {
    const from = position;
    position += bytes.length;
    // mpegts.js wants an ArrayBuffer of exactly these bytes.
    loader.onDataArrival(bytes.buffer, from, position);
  };
  return {
    push(bytes) {
      if (loader) deliver(bytes);
      else kept.push(bytes);
    },
    attach(newLoader) {
      loader = newLoader;
      for (const bytes of kept.splice(0)) deliver(bytes);
    },
    detach() {
      loader = null;
    },
  };
}

function loaderClass(mpegts, pipe, onEnd) {
  return class extends mpegts.BaseLoader {
    constructor() {
      super('camspan');
    }

    open() {
      this._status = mpegts.LoaderStatus.kBuffering;
      pipe.attach(this);
    }

    // Called at the end, and when MediaSource is full: a live stream cannot be held back, so that is its end too.
    abort() {
      this._status = mpegts.LoaderStatus.kComplete;
      pipe.detach();
      onEnd();
    }
  };
}

/**
 * @param {object} mpegts  from `loadMpegts`
 * @param {HTMLVideoElement} video
 * @param {object} how
 * @param {boolean} how.hasSound  whether the stream brings sound; it must be right, or no picture comes
 * @param {number} how.behindS  seconds kept behind the picture
 * @param {() => void} how.onError  the stream cannot be played on; may run more than once
 * @returns {{push: (bytes: Uint8Array) => void, destroy: () => void}}  each `push` takes whole tags, in an array that
 *   owns its buffer, the first one with the FLV header
 */
export function createFlvPlayer(mpegts, video, { hasSound, behindS, onError }) {
  const pipe = createPipe();
  const player = mpegts.createPlayer(
    { type: 'flv', isLive: true, hasAudio: hasSound, hasVideo: true, url: location.origin },
    {
      customLoader: loaderClass(mpegts, pipe, onError),
      enableWorker: false,
      enableStashBuffer: false,
      // Removed down to the second number when over the first.
      autoCleanupMaxBackwardDuration: behindS,
      autoCleanupMinBackwardDuration: behindS / 2,
    },
  );
  player.on(mpegts.Events.ERROR, onError);
  player.attachMediaElement(video);
  player.load();
  return {
    push: pipe.push,
    destroy() {
      player.off(mpegts.Events.ERROR, onError);
      player.destroy();
    },
  };
}
