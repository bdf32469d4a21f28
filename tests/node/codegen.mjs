// graphql-codegen with the client preset, as an SPA would set it up: `npm run codegen`.
export default {
  schema: '../../schema/schema.graphql',
  documents: ['sample.ts'],
  ignoreNoDocuments: false,
  generates: {
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
