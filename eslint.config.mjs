// The house rules as lint: import boundaries by Nx tags, size limits, purity of the model and core libraries.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import nx from '@nx/eslint-plugin';
import jsdoc from 'eslint-plugin-jsdoc';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/** One row of the import table: a project of this type may import projects of those types. */
const type = (from, to, rest = {}) => ({
  sourceTag: `type:${from}`,
  onlyDependOnLibsWithTags: to.map((name) => `type:${name}`),
  ...rest,
});

const scope = (from, to) => ({
  sourceTag: `scope:${from}`,
  onlyDependOnLibsWithTags: to.map((name) => `scope:${name}`),
});

/** The folders of the libraries that have one of these types, as the tags in their package.json say. */
const librariesOf = (...types) =>
  readdirSync(join(import.meta.dirname, 'libs'))
    .map((name) => `libs/${name}`)
    .filter((folder) => {
      const file = join(import.meta.dirname, folder, 'package.json');
      const tags = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).nx.tags : [];
      return types.some((name) => tags.includes(`type:${name}`));
    });

/** `extra` are the types that only tests may import. */
const boundaries = (extra = []) => [
  'error',
  {
    banTransitiveDependencies: true,
    enforceBuildableLibDependency: false,
    depConstraints: [
      type('model', ['model', ...extra], { allowedExternalImports: ['zod', ...testOnly(extra)] }),
      type('core', ['model', 'core', ...extra], { allowedExternalImports: ['zod', ...testOnly(extra)] }),
      type('kit', ['model', 'core', 'kit', ...extra]),
      type('adapter', ['model', 'adapter', ...extra]),
      type('testing', ['model', 'adapter', 'tool', ...extra]),
      type('app', ['model', 'core', 'kit', 'adapter', ...extra]),
      type('tool', ['model', 'core', 'kit', 'adapter', 'app', 'testing', 'tool', ...extra]),
      scope('node', ['node', 'shared']),
      scope('cluster', ['cluster', 'shared']),
      scope('shared', ['shared', ...(extra.length > 0 ? ['tooling'] : [])]),
      scope('tooling', ['node', 'cluster', 'shared', 'tooling']),
    ],
  },
];
const testOnly = (extra) => (extra.length > 0 ? ['@jest/globals', 'fast-check'] : []);

/** What nobody imports: private paths of packages, and test code where it is not a test. Later blocks must repeat it. */
const PRIVATE_PATHS = {
  group: ['*/dist/*', '@*/*/dist/*'],
  message: 'A private path of a package: use its public entry.',
};
const TEST_CODE = {
  group: ['**/test/**', '**/*.spec.ts'],
  message: 'Test code does not belong into production sources.',
};
const BUILTINS = { regex: '^node:', message: 'Pure code: ask for a port.' };
/** Text from outside is what a schema says of it, not what a type claims. `as unknown` and `as const` claim nothing. */
const READERS = [
  "TSAsExpression > CallExpression.expression[callee.object.name='JSON'][callee.property.name='parse']",
  'TSAsExpression > CallExpression.expression[callee.name=/^(parse|parseAllDocuments|load|loadAll)$/]',
  'TSAsExpression > CallExpression.expression[callee.property.name=/^(json|toJS|toJSON)$/]',
  "TSAsExpression > AwaitExpression.expression > CallExpression[callee.property.name='json']",
].map((call) => call.replace('TSAsExpression', 'TSAsExpression[typeAnnotation.type!="TSUnknownKeyword"]'));
const CASTS = READERS.map((selector) => ({ selector, message: 'Read text from outside by a zod schema.' }));
/** A long type in a signature wants a name. */
const LONG_TYPES = {
  selector: ':function > .params TSTypeAnnotation > TSTypeLiteral[members.length>3]',
  message: 'Name the type: it has more than 3 members.',
};
const restrictedSyntax = (selectors = []) => ['error', ...CASTS, LONG_TYPES, ...selectors];
const restrictedImports = (patterns, rest = {}) => ['error', { patterns, ...rest }];

export default tseslint.config(
  { ignores: ['**/dist', '**/coverage', '**/test-results', '**/.nx', '**/*.generated.ts'] },
  { files: ['**/*.ts'], extends: [tseslint.configs.strictTypeChecked] },
  { files: ['**/*.mjs', '**/*.cjs'], extends: [tseslint.configs.strict] },
  prettier,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { '@nx': nx, jsdoc },
    rules: {
      '@nx/enforce-module-boundaries': boundaries(),
      'max-lines': ['error', { max: 400, skipComments: true, skipBlankLines: true }],
      'max-lines-per-function': ['error', { max: 60, skipComments: true, skipBlankLines: true }],
      complexity: ['error', 10],
      'max-depth': ['error', 3],
      // A fourth parameter reads better than an object type that is made up for one signature.
      'max-params': ['error', 4],
      'no-restricted-imports': restrictedImports([PRIVATE_PATHS, TEST_CODE]),
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      'no-restricted-syntax': restrictedSyntax(),
      // A number reads the same in every template: only what may print as [object Object] is a mistake.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `() => stop()` passes a call on; what it returns is of no interest to anybody.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-function-return-type': ['error', { allowExpressions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'jsdoc/require-jsdoc': [
        'error',
        {
          publicOnly: true,
          require: { FunctionDeclaration: true, ClassDeclaration: true },
          contexts: [
            'TSInterfaceDeclaration',
            // Types inferred from the schema or constant above them are documented there.
            'TSTypeAliasDeclaration[typeAnnotation.type!="TSIndexedAccessType"]:not([typeAnnotation.typeName.right.name=/^(infer|output)$/])',
            'ExportNamedDeclaration > VariableDeclaration',
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.spec.ts', '**/*.cases.ts', '**/src/test/**/*.ts', 'libs/{testing,kernel-contract}/src/**/*.ts'],
    rules: {
      '@nx/enforce-module-boundaries': boundaries(['testing', 'tool', 'app']),
      'max-lines': ['error', { max: 800, skipComments: true, skipBlankLines: true }],
      'max-lines-per-function': 'off',
      'max-params': 'off',
      'no-restricted-imports': restrictedImports([PRIVATE_PATHS]),
      'jsdoc/require-jsdoc': 'off',
      // What is missing fails the test at this very line.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    // The simulated world is plain data that is written to a file as it is: a key that is gone is deleted.
    files: ['libs/host-sim/src/**/*.ts'],
    rules: { '@typescript-eslint/no-dynamic-delete': 'off' },
  },
  {
    // Model and core hold values and decisions: what they know of the world is given to them.
    files: librariesOf('model', 'core').map((folder) => `${folder}/src/**/*.ts`),
    ignores: ['**/*.spec.ts', '**/src/test/**/*.ts'],
    rules: {
      'no-restricted-imports': restrictedImports([PRIVATE_PATHS, TEST_CODE, BUILTINS], { paths: builtinModules }),
      'no-restricted-syntax': restrictedSyntax([
        {
          selector: "MemberExpression[object.name='process']",
          message: 'Pure code: settings come in as values.',
        },
        {
          selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
          message: 'Take the time.',
        },
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Take the time.' },
        { selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']", message: 'Be pure.' },
      ]),
    },
  },
  {
    // Plain scripts and configuration that run before anything is installed or compiled.
    files: ['**/*.cjs', '**/*.mjs'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly', module: 'writable', require: 'readonly' } },
    rules: { '@typescript-eslint/no-require-imports': 'off', 'no-restricted-exports': 'off' },
  },
);
