"""The catalogue pages: all products, a collection, a product with reviews; and a page about the shop."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from werkzeug import Response

from demo_shop.bodies import now
from demo_shop.catalogue import COLLECTIONS, PRODUCTS, Product, on_shelf
from demo_shop.pages import here
from demo_shop.reviews import ReviewedAlready

pages = Blueprint("catalogue", __name__)
_WORDS_MOST = 1000


@pages.get("/")
def home() -> str:
    """Show all products."""
    return render_template("collection.html", title="Plants for north-facing rooms", products=PRODUCTS.values())


@pages.get("/collections/<collection_id>")
def collection(collection_id: str) -> str:
    """Show one collection."""
    if collection_id not in COLLECTIONS:
        abort(404)
    title = COLLECTIONS[collection_id].title
    return render_template("collection.html", title=title, products=on_shelf(collection_id))


@pages.get("/products/<product_id>")
def product(product_id: str) -> str:
    """Show one product with its points and reviews."""
    shown = _product(product_id)
    return render_template("product.html", product=shown, reviews=here.shop().reviews.of_product(product_id))


@pages.post("/products/<product_id>/reviews")
def review(product_id: str) -> Response:
    """Store a customer's review."""
    shown, writer, form = _product(product_id), here.customer(), here.form()
    if writer is None:
        return redirect(url_for("account.account", next=url_for(".product", product_id=shown.id)))
    stars, words = form.get("stars", ""), form.get("words", "")[:_WORDS_MOST]
    if stars not in {"1", "2", "3", "4", "5"} or not words:
        flash("A review has stars and a few words.")
    else:
        try:
            here.shop().reviews.write(writer, shown.id, stars=int(stars), words=words, at=now())
            flash("Thank you. Your review is below.")
        except ReviewedAlready:
            flash("You have reviewed this already.")
    return redirect(url_for(".product", product_id=shown.id, _anchor="reviews"))


@pages.get("/about")
def about() -> str:
    """Show the page about the (fictional) shop."""
    return render_template("about.html")


def _product(product_id: str) -> Product:
    if product_id not in PRODUCTS:
        abort(404)
    return PRODUCTS[product_id]
