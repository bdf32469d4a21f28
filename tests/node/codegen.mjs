// graphql-codegen with the client preset, as an SPA would set it up: `npm run codegen`.
export default {
  schema: '../../schema/schema.graphql',
  documents: ['sample.ts'],
  ignoreNoDocuments: false,
  generates: {
    // No document mentions the codes of top-level errors, so that the preset leaves them out.
    './generated/codes.ts': { plugins: ['typescript'], config: { onlyEnums: true, enumsAsTypes: true } },
    './generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        enumsAsTypes: true,
        useTypeImports: true,
        strictScalars: true,
        scalars: { DateTime: 'string', Upload: 'File' },
      },
    },
  },
};
