// A real earthstar-graphql 3.0.0 behind the apollo-server of its time; its documents are
// es.3. It begins empty and ends with the process, unless it is given a folder.
//
// node graphql.js OPTIONS      a JSON object: {workspaces, syncFilters?, hosts?, folder?}
'use strict';
const path = require('path');
const { ApolloServer } = require('apollo-server');
const { createSchemaContext, schema } = require('earthstar-graphql');

const { workspaces, syncFilters, hosts, folder } = JSON.parse(process.argv[2]);
const options = {
    workspaceAddresses: workspaces,
    canAddWorkspace: () => hosts !== false,
    getWorkspacePath: (address) => path.join(folder, `${address}.sqlite`),
    ...(syncFilters ? { syncFilters } : {}),
};
const context = createSchemaContext(folder ? 'SQLITE' : 'MEMORY', options);

new ApolloServer({ schema, context }).listen(0);
