// The test runner of mutation runs, a plugin of Stryker: Jest's test framework without Jest's module registry.
// Jest links every module of every spec again for each mutant, which takes most of the time. Here a process loads the
// specs once, and a mutant costs no more than the tests that reach it. For a mutant that acts while modules load
// (Stryker calls it static) the sources and specs alone are loaded again.
import { register } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { commonTokens, declareFactoryPlugin, declareValuePlugin, PluginKind } from '@stryker-mutator/api/plugin';
import { determineHitLimitReached, toMutantRunResult } from '@stryker-mutator/api/test-runner';
import { addEventHandler, getState, resetState, run, setState } from 'jest-circus';

const PASSED = 0;
const FAILED = 1;

/** What the instrumented sources share with the runner. */
const stryker = (globalThis.__stryker__ ??= {});

function testsOf(block) {
  return block.children.flatMap((child) => (child.type === 'test' ? [child] : testsOf(child)));
}

function fullName(node) {
  return node.parent ? [fullName(node.parent), node.name].filter(Boolean).join(' ') : '';
}

class SpecRunner {
  #generation = 0;
  #specs;
  #byTest = new Map();
  #files;
  #strayError;
  #bail = false;

  constructor(options) {
    this.#files = options.specs;
    addEventHandler((event) => this.#onEvent(event));
    // Of a promise that nobody awaits, or of a callback: they belong to the mutant that is being tested.
    for (const name of ['uncaughtException', 'unhandledRejection']) {
      process.on(name, (error) => (this.#strayError ??= error ?? new Error(name)));
    }
  }

  capabilities() {
    return { reloadEnvironment: true };
  }

  async dryRun() {
    await this.#load();
    const result = await this.#run(() => true);
    return { ...result, mutantCoverage: stryker.mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, mutantActivation, reloadEnvironment, hitLimit, disableBail }) {
    if (reloadEnvironment) this.#specs = undefined;
    stryker.activeMutant = undefined;
    stryker.hitLimit = undefined;
    if (mutantActivation === 'static') stryker.activeMutant = activeMutant.id;
    try {
      await this.#load();
    } catch (error) {
      return { status: 'killed', killedBy: [], failureMessage: String(error), nrOfTests: 0 };
    }
    Object.assign(stryker, {
      activeMutant: activeMutant.id,
      hitLimit,
      hitCount: hitLimit === undefined ? undefined : 0,
    });
    this.#bail = !disableBail;
    const wanted = testFilter && new Set(testFilter);
    const result = await this.#run((id) => wanted?.has(id) ?? true);
    return toMutantRunResult(determineHitLimitReached(stryker.hitCount, hitLimit) ?? result, disableBail);
  }

  /** Each spec has a state of its own, so that its hooks are about its own tests. */
  async #load() {
    if (this.#specs !== undefined) return;
    if (this.#generation === 0) register('./module-hooks.mjs', import.meta.url);
    const query = `?generation=${this.#generation++}`;
    this.#byTest.clear();
    const specs = [];
    for (const file of this.#files) {
      resetState();
      await import(pathToFileURL(join(process.cwd(), file)).href + query);
      const state = getState();
      state.testTimeout = 60_000;
      const tests = testsOf(state.rootDescribeBlock);
      for (const test of tests) {
        this.#byTest.set(test, { id: `${file}: ${fullName(test)}`, mode: test.mode });
      }
      specs.push({ file, state, tests });
    }
    this.#specs = specs;
  }

  async #run(isWanted) {
    this.#strayError = undefined;
    const results = [];
    for (const { file, state, tests } of this.#specs) {
      const chosen = tests.filter((test) => isWanted(this.#byTest.get(test).id));
      if (chosen.length === 0) continue;
      for (const test of tests) Object.assign(test, { errors: [], status: null, mode: 'skip' });
      for (const test of chosen) test.mode = this.#byTest.get(test).mode;
      setState(state);
      await run();
      const errors = state.unhandledErrors.splice(0);
      results.push(...chosen.filter(({ status }) => status === 'done').map((test) => this.#resultOf(file, test)));
      if (errors.length > 0) this.#strayError ??= errors[0];
      const failed = this.#strayError !== undefined || results.some(({ status }) => status === FAILED);
      if (this.#bail && failed) break;
    }
    stryker.currentTestId = undefined;
    if (this.#strayError !== undefined && !results.some(({ status }) => status === FAILED)) {
      const [last] = results.slice(-1);
      if (last) Object.assign(last, { status: FAILED, failureMessage: `outside of a test: ${this.#strayError}` });
    }
    return { status: 'complete', tests: results };
  }

  #resultOf(file, test) {
    const { id } = this.#byTest.get(test);
    const result = { id, name: fullName(test), fileName: join(process.cwd(), file), timeSpentMs: test.duration ?? 0 };
    if (test.errors.length === 0) return { ...result, status: PASSED };
    return { ...result, status: FAILED, failureMessage: String([test.errors[0]].flat()[0]?.message) };
  }

  #onEvent({ name, test }) {
    if (name === 'test_start') stryker.currentTestId = this.#byTest.get(test)?.id;
    if (name !== 'test_done') return;
    stryker.currentTestId = undefined;
    if (!this.#bail || test.errors.length === 0) return;
    for (const other of this.#byTest.keys()) other.mode = 'skip';
  }
}

function createRunner(options) {
  return new SpecRunner(options);
}
createRunner.inject = [commonTokens.options];

export const strykerPlugins = [
  declareFactoryPlugin(PluginKind.TestRunner, 'specs', createRunner),
  declareValuePlugin(PluginKind.Ignore, 'descriptions', { shouldIgnore }),
];

/** The option of this plugin: the specs to run, in this order, as paths from the root. */
export const strykerValidationSchema = {
  type: 'object',
  properties: { specs: { type: 'array', items: { type: 'string' }, default: [] } },
};

/** Descriptions of schemas are documentation: they reach the CRDs, which `npm run check` compares. */
function shouldIgnore({ node, parent }) {
  const isText = node.type === 'StringLiteral' || node.type === 'TemplateLiteral';
  const isDescribed = parent?.type === 'CallExpression' && parent.callee.property?.name === 'describe';
  return isText && isDescribed ? 'the description of a schema' : undefined;
}
