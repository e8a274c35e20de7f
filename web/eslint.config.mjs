// The rules of the front end: typed, no `any`, hooks as React wants them.
import hooks from 'eslint-plugin-react-hooks';
import ts from 'typescript-eslint';

export default ts.config(
  { ignores: ['node_modules/'] },
  {
    files: ['src/**/*.{ts,tsx}', 'shop/**/*.{ts,tsx}', 'docs/**/*.ts'],
    extends: [ts.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname ?? new URL('.', import.meta.url).pathname } },
    plugins: { 'react-hooks': hooks },
    rules: {
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      '@typescript-eslint/consistent-type-imports': 'error',
      'no-console': 'error',
      // Raw HTML and style elements are what the content security policy forbids; say so before the browser does.
      'no-restricted-syntax': [
        'error',
        { selector: 'JSXAttribute[name.name="dangerouslySetInnerHTML"]', message: 'Text from outside is shown as text.' },
        { selector: 'JSXOpeningElement[name.name="style"]', message: 'The content security policy allows no style element: write it in a .css file.' },
        { selector: 'JSXIdentifier[name=/^(visibleFrom|hiddenFrom)$/]', message: 'These need classes that are not shipped: use a media query in a .css file.' },
      ],
    },
  },
);
