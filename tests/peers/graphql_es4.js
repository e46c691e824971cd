// An answerer for the earthstar-graphql of es.4 (4.1 to 6.1), of which npm has none: its
// schema as far as a peer asks, resolved as it resolves, over the storage of the real
// earthstar 5.7.6 and behind the real apollo-server.
//
// node graphql_es4.js OPTIONS      as graphql.js; without a folder, and with
//   {old: true}          it is 4.0, whose lists know no includeDeleted
//   {introspection: false}   it runs as in production
'use strict';
const { ApolloServer, gql } = require('apollo-server');
const { StorageMemory, ValidatorEs4, isErr } = require('earthstar-5');

const { workspaces, syncFilters, hosts, old, introspection } = JSON.parse(process.argv[2]);
const wanted = syncFilters || {};
const stores = new Map();
workspaces.forEach(open);

function open(address) {
    stores.set(address, new StorageMemory([ValidatorEs4], address));
}

const typeDefs = gql`
    type Query {
        syncFilters: SyncFilters!
        workspace(address: String!): Workspace
    }
    type Mutation {
        addWorkspace(workspaceAddress: String!): AddWorkspaceResult!
        ingestDocuments(workspace: String!, documents: [DocumentInput!]!): IngestDocumentsResult!
    }
    type SyncFilters {
        pathPrefixes: [String!]
        versionsByAuthors: [String!]
    }
    type Workspace {
        address: String!
        document(path: String!): Document
        documents(
            pathPrefixes: [String!]
            versionsByAuthors: [String!]
            ${old ? '' : 'includeDeleted: Boolean'}
        ): [Document!]!
    }
    union Document = ES4Document | UnknownFormatDocument
    type UnknownFormatDocument {
        data: String
    }
    type Author {
        address: String!
    }
    type ES4Document {
        format: String!
        content: String!
        contentHash: String!
        deleteAfter: Float
        timestamp: Float!
        signature: String!
        path: String!
        author: Author!
        workspace: Workspace!
    }
    input DocumentInput {
        format: String!
        workspace: String!
        content: String!
        contentHash: String!
        path: String!
        author: String!
        timestamp: Float!
        signature: String!
        deleteAfter: Float
    }
    union AddWorkspaceResult = WorkspaceAddedResult | NotPermittedResult | WorkspaceExistsResult
    type WorkspaceAddedResult {
        workspace: Workspace!
    }
    type WorkspaceExistsResult {
        workspace: Workspace!
    }
    type NotPermittedResult {
        reason: String
    }
    union IngestDocumentsResult = WorkspaceNotFoundError | DocumentIngestionReport
    type WorkspaceNotFoundError {
        address: String!
    }
    type DocumentIngestionReport {
        documents: [DocumentIngestionResult!]!
        ignoredCount: Float!
        rejectedCount: Float!
        acceptedCount: Float!
    }
    union DocumentIngestionResult =
          AcceptedDocumentIngestion
        | IgnoredDocumentIngestion
        | RejectedDocumentIngestion
    type AcceptedDocumentIngestion {
        document: Document!
    }
    type IgnoredDocumentIngestion {
        document: Document!
    }
    type RejectedDocumentIngestion {
        rejectionReason: String!
        document: Document!
    }
`;

const byTypename = { __resolveType: (value) => value.__typename };
const resolvers = {
    Query: {
        syncFilters: () => wanted,
        workspace: (_, { address }) => stores.get(address) || null,
    },
    Workspace: {
        address: (store) => store.workspace,
        document: (store, { path }) => store.getDocument(path) || null,
        documents: (store, asked) => listed(store, asked),
    },
    Document: {
        __resolveType: ({ format }) => (format === 'es.4' ? 'ES4Document' : 'UnknownFormatDocument'),
    },
    ES4Document: {
        author: ({ author }) => ({ address: author }),
        workspace: ({ workspace }) => stores.get(workspace),
    },
    AddWorkspaceResult: byTypename,
    IngestDocumentsResult: byTypename,
    DocumentIngestionResult: byTypename,
    Mutation: {
        addWorkspace: (_, { workspaceAddress }) => add(workspaceAddress),
        ingestDocuments: (_, { workspace, documents }) => ingest(workspace, documents),
    },
};

function listed(store, { pathPrefixes, versionsByAuthors, includeDeleted }) {
    const filtered = pathPrefixes || versionsByAuthors;
    const documents = filtered
        ? [
              ...(versionsByAuthors || []).flatMap((one) => store.documents({ versionsByAuthor: one })),
              ...(pathPrefixes || []).flatMap((one) => store.documents({ pathPrefix: one })),
          ]
        : store.documents();
    const shown = documents.filter(({ content }) => old || includeDeleted || content !== '');
    return shown.sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
}

function add(address) {
    if (stores.has(address)) {
        return { __typename: 'WorkspaceExistsResult', workspace: stores.get(address) };
    }
    if (hosts === false) {
        return { __typename: 'NotPermittedResult', reason: null };
    }
    open(address);
    return { __typename: 'WorkspaceAddedResult', workspace: stores.get(address) };
}

function ingest(address, documents) {
    if (!stores.has(address)) {
        return { __typename: 'WorkspaceNotFoundError', address };
    }
    const results = documents.map((document) => taken(stores.get(address), { ...document }));
    const count = (kind) => results.filter(({ __typename }) => __typename.startsWith(kind)).length;
    return {
        __typename: 'DocumentIngestionReport',
        documents: results,
        acceptedCount: count('Accepted'),
        ignoredCount: count('Ignored'),
        rejectedCount: count('Rejected'),
    };
}

// A rejected one has no rejectionReason: whoever asks for it gets nothing at all.
function taken(store, document) {
    const result = store.ingestDocument(document);
    const kind = isErr(result) ? 'Rejected' : String(result) === 'ACCEPTED' ? 'Accepted' : 'Ignored';
    return { __typename: `${kind}DocumentIngestion`, document };
}

new ApolloServer({ typeDefs, resolvers, introspection: introspection !== false }).listen(0);
