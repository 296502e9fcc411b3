// A minimal app on the usual stack: React, React Router, Dexie and workbox-window, with two screens. Used only for its
// download size; a real app is larger.

import { liveQuery } from "dexie";
import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { Link, RouterProvider, createBrowserRouter, useParams } from "react-router";
import { Workbox } from "workbox-window";
import { catalogue } from "./dexie-tables.js";

const LISTED_PRODUCTS = 50;
const tables = catalogue();

function useQuery(query, inputs) {
  const [found, setFound] = useState();
  useEffect(() => {
    const subscription = liveQuery(query).subscribe(setFound);
    return () => subscription.unsubscribe();
  }, inputs);
  return found;
}

function Products() {
  const products = useQuery(() => tables.products.orderBy("sku").limit(LISTED_PRODUCTS).toArray(), []);
  return products?.map(({ id, sku, name }) => (
    <Link key={id} to={`/product/${id}`}>
      {sku} {name}
    </Link>
  ));
}

function Product() {
  const { id } = useParams();
  const product = useQuery(() => tables.products.get(id), [id]);
  const lots = useQuery(() => tables.lots.where({ product_id: id }).toArray(), [id]);
  return (
    <section>
      <h1>{product?.name}</h1>
      {lots?.map((lot) => (
        <p key={lot.id}>
          {lot.lot_code} {lot.location} {lot.quantity}
        </p>
      ))}
    </section>
  );
}

const router = createBrowserRouter([
  { path: "/bench/react-stack.html", element: <Products /> },
  { path: "/product/:id", element: <Product /> },
]);

createRoot(document.getElementById("root")).render(
  <StrictMode>
    <RouterProvider router={router} />
  </StrictMode>,
);

const workbox = new Workbox("/bench/workbox-sw.js", { scope: "/bench/react-stack" });
workbox.addEventListener("waiting", () => workbox.messageSkipWaiting());
workbox.register();
