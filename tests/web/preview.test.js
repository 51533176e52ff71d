import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Previews } from '../../bridge/hub/web/preview.js';
import { createStore } from '../../bridge/hub/web/store.js';
import { settle } from './fake-clock.js';

function setUp(most = 3) {
  const store = createStore({});
  const asked = [];
  const closed = [];
  const previews = new Previews(store, {
    getKeyFrame: (at) => new Promise((answer) => asked.push({ at, answer: () => answer({ bytes: at }) })),
    decode: async (bytes) => ({ of: bytes, close: () => closed.push(bytes) }),
  }, most);
  const answer = async () => {
    asked.at(-1).answer();
    await settle();
  };
  return { previews, asked, closed, answer, shown: () => store.get().preview };
}

describe('Previews', () => {
  it('asks for one at a time, and then for the newest wish alone', async () => {
    const { previews, asked, answer, shown } = setUp();
    previews.want(1500, 1000);
    previews.want(2500, 1000);
    previews.want(3500, 1000);
    assert.equal(asked.length, 1);
    await answer();
    assert.deepEqual(asked.map(({ at }) => at), [1500, 3500]);
    assert.equal(shown().picture, null); // the first one is for another time
    await answer();
    assert.deepEqual(shown(), { at: 3500, picture: shown().picture });
    assert.equal(shown().picture.of, 3500);
  });

  it('keeps pictures, within a step and up to a number', async () => {
    const { previews, asked, closed, answer, shown } = setUp(2);
    for (const at of [1500, 2500, 1600, 3500]) {
      previews.want(at, 1000);
      if (asked.length === 0 || asked.at(-1).at === at) await answer();
    }
    assert.deepEqual(asked.map(({ at }) => at), [1500, 2500, 3500]);
    assert.deepEqual(closed, [2500]); // the one longest out of use
    assert.equal(shown().picture.of, 3500);
  });

  it('shows nothing any more when none is wanted', async () => {
    const { previews, answer, shown } = setUp();
    previews.want(1500, 1000);
    previews.want(null, 1000);
    await answer();
    assert.deepEqual(shown(), { at: null, picture: null });
  });

  it('does without a picture that cannot be had', async () => {
    const store = createStore({});
    const previews = new Previews(store, { getKeyFrame: async () => ({ bytes: 1 }), decode: async () => { throw new Error('no'); } }, 3);
    previews.want(1500, 1000);
    await settle();
    assert.deepEqual(store.get().preview, { at: 1500, picture: null });
  });
});
